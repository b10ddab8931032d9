from __future__ import annotations

import pytest

from kfmap.permission.section_names import ProgramKind, parse_section_name

_KPROBE, _TRACING = "BPF_PROG_TYPE_KPROBE", "BPF_PROG_TYPE_TRACING"


@pytest.mark.parametrize(
    ("name", "program_type", "attach_type"),
    [
        ("socket", "BPF_PROG_TYPE_SOCKET_FILTER", None),
        ("xdp", "BPF_PROG_TYPE_XDP", "BPF_XDP"),
        ("xdp.frags/devmap", "BPF_PROG_TYPE_XDP", "BPF_XDP_DEVMAP"),
        ("tc", "BPF_PROG_TYPE_SCHED_CLS", None),
        ("tc/ingress", "BPF_PROG_TYPE_SCHED_CLS", "BPF_TCX_INGRESS"),
        ("tcx/egress", "BPF_PROG_TYPE_SCHED_CLS", "BPF_TCX_EGRESS"),
        ("kprobe.multi/vfs_*", _KPROBE, "BPF_TRACE_KPROBE_MULTI"),
        ("kprobe.session", _KPROBE, "BPF_TRACE_KPROBE_SESSION"),
        ("uprobe.session/libc.so.6:*", _KPROBE, "BPF_TRACE_UPROBE_SESSION"),
        ("usdt.s/libc.so.6:libc:setjmp", _KPROBE, None),
        ("fentry.multi/vfs_*", _TRACING, "BPF_TRACE_FENTRY_MULTI"),
        ("fsession.multi.s/vfs_*", _TRACING, "BPF_TRACE_FSESSION_MULTI"),
        ("raw_tp.w/event", "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE", None),
        ("cgroup/connect_unix", "BPF_PROG_TYPE_CGROUP_SOCK_ADDR", "BPF_CGROUP_UNIX_CONNECT"),
        ("cgroup/sock", "BPF_PROG_TYPE_CGROUP_SOCK", "BPF_CGROUP_INET_SOCK_CREATE"),
        ("netfilter", "BPF_PROG_TYPE_NETFILTER", "BPF_NETFILTER"),
        ("sk_lookup", "BPF_PROG_TYPE_SK_LOOKUP", "BPF_SK_LOOKUP"),
    ],
)
def test_section_name_gives_program_and_attach_type(
    name: str, program_type: str, attach_type: str | None
) -> None:
    section = parse_section_name(name)
    assert (section.program_type, section.attach_type) == (program_type, attach_type)


@pytest.mark.parametrize(
    ("name", "target", "attach_target"),
    [
        ("lsm/file_open", "file_open", "bpf_lsm_file_open"),
        ("lsm_cgroup/socket_create", "socket_create", "bpf_lsm_socket_create"),
        ("iter/task", "task", "bpf_iter_task"),
        ("tp_btf/sched_switch", "sched_switch", "btf_trace_sched_switch"),
        ("fentry/vfs_read", "vfs_read", "vfs_read"),
        ("fexit/nf_nat:nf_nat_setup_info", "nf_nat:nf_nat_setup_info", "nf_nat_setup_info"),
        ("fentry", None, None),
        ("fentry/", "", None),
        ("kprobe/vfs_read", "vfs_read", None),
        ("freplace/another_program", "another_program", None),
        ("struct_ops/enqueue", "enqueue", None),
        ("tracepoint/sched/sched_switch", "sched/sched_switch", None),
    ],
)
def test_section_name_gives_target_and_its_name_in_btf(
    name: str, target: str | None, attach_target: str | None
) -> None:
    section = parse_section_name(name)
    assert (section.target, section.attach_target) == (target, attach_target)


@pytest.mark.parametrize(
    "name",
    [
        "lsm.s/file_open",
        "struct_ops.s/init",
        "syscall",
        "iter.s/task",
        "uprobe.multi.s",
        "tp.s/a/b",
    ],
)
def test_section_name_says_sleepable(name: str) -> None:
    assert parse_section_name(name).sleepable


@pytest.mark.parametrize("name", ["lsm/file_open", "struct_ops/init", "xdp", "kprobe.session/f"])
def test_section_name_without_s_is_not_sleepable(name: str) -> None:
    assert not parse_section_name(name).sleepable


def test_section_name_with_question_mark_is_optional() -> None:
    assert parse_section_name("?lsm.s/file_open") == ProgramKind(
        "BPF_PROG_TYPE_LSM", "BPF_LSM_MAC", "file_open", "bpf_lsm_file_open", True, True
    )


@pytest.mark.parametrize(
    "name", ["", "nobody", "xdp/name", "fentryx/f", "kprobe_x", "syscall/x", ".text.unlikely"]
)
def test_section_name_unknown_to_libbpf_has_no_type(name: str) -> None:
    assert parse_section_name(name).program_type == "BPF_PROG_TYPE_UNSPEC"
