"""What is said of messages, on the kernels that come with kfmap: the cell, the cause, advice."""

from __future__ import annotations

import functools
import re

import pytest

from kfmap.catalogue.bundled_kernels import LoadedBundled, find_bundled
from kfmap.catalogue.decoding import choose_kernel
from kfmap.decoder.asked import Asked, Explanation
from kfmap.decoder.explaining import ANSWERS, explain
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import read_log
from kfmap.kernel.facts import AS_CONFIGURED
from kfmap.permission.missing import has_function
from kfmap.permission.outcome import OutcomeJudge
from tests.decoder.corpus import EVERYTHING, NOT_JUDGED

NEWEST = "7.3"


@functools.cache
def _kernels() -> tuple[LoadedBundled, ...]:
    return tuple(item.load() for item in find_bundled())


@functools.cache
def _asked(name: str) -> Asked:
    (kernel,) = (kernel for kernel in _kernels() if kernel.name == name)
    return Asked(
        OutcomeJudge(
            kernel.decider,
            lambda: (
                other.decider
                for other in reversed(_kernels())
                if other.name != name and other.facts.origin.profile == AS_CONFIGURED
            ),
            lambda function: has_function(kernel.functions, function),
        )
    )


def _explain(log: str, kernel: str = NEWEST) -> Explanation:
    message = read_log(log).messages[0]
    return explain(message, _asked(kernel))


def _in_callback(member: str, argument: str, said: str) -> str:
    return f"func '{member}' arg0 has btf_id 7 type STRUCT '{argument}'\n{said}"


def test_every_kind_has_an_answer() -> None:
    assert set(ANSWERS) == set(Kind)


@pytest.mark.parametrize("kernel", ["6.1", "6.18", NEWEST])
def test_every_message_is_answered_in_a_sentence(kernel: str) -> None:
    lines = [said.line for said in EVERYTHING] + [line for line, _ in NOT_JUDGED]
    for line in [*lines, "gadget: cannot gad"]:
        found = _explain(f"3: (85) call bpf_task_acquire#7\n{line}\nprocessed 4 insns", kernel)
        assert re.match(r"[A-Z0-9_a-z/].*[.]$", found.because), line
        assert not re.search(r"\bNone\b|\{|\bError\b|  |\.\.|\(\)\(", found.because), found.because
        assert all(step and "None" not in step for step in found.instead), found.instead


class TestNotAllowed:
    """A refused kfunc: who may call it, nearest first."""

    def test_callback_gets_the_callbacks_of_its_structure(self) -> None:
        log = _in_callback(
            "running", "task_struct", "calling kernel function scx_bpf_dsq_insert is not allowed"
        )
        found = _explain(log)
        assert "only into select_cpu, enqueue and dispatch" in found.because
        assert "kernel/sched/ext/ext.c:" in found.because
        assert found.instead[0].startswith("struct_ops:sched_ext_ops.")
        assert found.outcome == "refused"

    def test_program_named_after_its_callback_is_enough_for_a_scheduler(self) -> None:
        log = (
            "libbpf: prog 'toy_running': -- BEGIN PROG LOAD LOG --\n"
            "calling kernel function scx_bpf_dsq_insert is not allowed\n"
        )
        found = _explain(log)
        assert found.context is not None
        assert (found.context.struct_ops, found.context.member) == ("sched_ext_ops", "running")

    def test_section_of_debug_output_is_the_context(self) -> None:
        log = (
            "libbpf: sec 'kprobe/f': found program 'p' at insn offset 0 (0 bytes), code size 2\n"
            "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n"
            "calling kernel function bpf_throw is not allowed\n"
        )
        found = _explain(log)
        assert found.context is not None
        assert found.context.program_type == "BPF_PROG_TYPE_KPROBE"
        assert not any(step.startswith("xdp") for step in found.instead)

    def test_unknown_context_gets_all_who_may(self) -> None:
        found = _explain("calling kernel function scx_bpf_dsq_insert is not allowed")
        assert "does not name the type of the program" in found.because
        assert "struct_ops:sched_ext_ops.dispatch" in found.instead

    def test_plain_function_is_said_to_be_one(self) -> None:
        found = _explain("calling kernel function full_name_hash is not allowed")
        assert "full_name_hash is a function of 7.3 and no kfunc" in found.because

    def test_function_that_the_map_does_not_know_is_one_of_the_kernel_that_refused(self) -> None:
        found = _explain("calling kernel function toy_zz is not allowed")
        assert (
            "toy_zz is a function of the kernel that refused it and a kfunc of no" in found.because
        )

    def test_kernel_that_permits_it_is_not_the_one_that_refused(self) -> None:
        log = _in_callback(
            "running", "task_struct", "calling kernel function scx_bpf_dsq_insert is not allowed"
        )
        found = _explain(log, "6.18")
        assert "6.18 of the map permits scx_bpf_dsq_insert" in found.because
        assert found.instead == ()


class TestNotSleepable:
    """A kfunc that may sleep is never said to be legal where programs cannot sleep."""

    SAID = "program must be sleepable to call sleepable kfunc bpf_copy_from_user_str"

    def test_only_sleepable_forms_are_advised(self) -> None:
        found = _explain(self.SAID)
        assert "only a sleepable program may call it" in found.because
        assert found.instead
        assert all(".s" in step or step == "syscall" for step in found.instead)
        assert {"lsm.s", "iter.s", "fentry.s"} <= set(found.instead)

    def test_kfunc_for_callbacks_is_advised_for_callbacks_first(self) -> None:
        found = _explain(self.SAID.replace("bpf_copy_from_user_str", "scx_bpf_create_dsq"))
        assert found.instead[0].startswith("struct_ops.s:sched_ext_ops.")

    def test_program_type_that_cannot_sleep_gets_a_workqueue(self) -> None:
        found = _explain(f"program xdp: load program: permission denied: {self.SAID}")
        assert found.context is not None
        assert found.context.program_type == "BPF_PROG_TYPE_XDP"
        assert "may not sleep" in found.because
        assert found.instead == ("bpf_wq",)

    def test_callback_that_may_sleep_is_advised_to(self) -> None:
        said = self.SAID.replace("bpf_copy_from_user_str", "scx_bpf_create_dsq")
        found = _explain(_in_callback("init", "task_struct", said))
        assert found.outcome == "only_if_sleepable"
        assert found.instead == ("struct_ops.s:sched_ext_ops.init",)

    def test_sleepable_program_is_told_of_its_callback(self) -> None:
        log = (
            "libbpf: sec 'struct_ops.s/init': found program 'p' at insn offset 0 (0 bytes), code\n"
            "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n"
            + self.SAID.replace("bpf_copy_from_user_str", "scx_bpf_create_dsq")
        )
        found = _explain(log)
        assert "stands in a callback that may not" in found.because
        assert found.instead == ("bpf_wq",)

    @pytest.mark.parametrize(
        ("region", "end"),
        [
            ("rcu_read_lock region", "bpf_rcu_read_unlock()"),
            ("non-preemptible region", "bpf_preempt_enable()"),
            ("IRQ-disabled region", "bpf_local_irq_restore()"),
        ],
    )
    def test_region_is_to_be_left_first(self, region: str, end: str) -> None:
        found = _explain(f"kernel func bpf_copy_from_user_str is sleepable within {region}")
        assert found.instead == (f"the same call after {end}",)


class TestMissing:
    """A kernel function that is not found: which kernels have it, under which name."""

    def test_kernels_that_have_it_are_named(self) -> None:
        log = "libbpf: extern (func ksym) 'scx_bpf_dsq_insert': not found in kernel or module BTFs"
        found = _explain(log, "6.12")
        assert found.because.startswith("6.12 has no kfunc scx_bpf_dsq_insert; 7.3, 7.2")
        assert "bpf_ksym_exists(scx_bpf_dsq_insert)" in found.instead[-1]

    def test_newest_that_has_it_says_which_have_not(self) -> None:
        log = "libbpf: extern (func ksym) 'scx_bpf_dsq_insert': not found in kernel or module BTFs"
        found = _explain(log)
        assert found.because.startswith("7.3 has scx_bpf_dsq_insert, 6.12 and 6.1 have not")

    def test_flavour_is_taken_off(self) -> None:
        log = "extern (func ksym) 'scx_bpf_dsq_insert___mine': not found in kernel or module BTFs"
        assert _explain(log).because.startswith("7.3 has scx_bpf_dsq_insert,")

    def test_old_name_leads_to_the_new_one(self) -> None:
        log = "extern (func ksym) 'scx_bpf_dispatch': not found in kernel or module BTFs"
        found = _explain(log)
        assert "scx_bpf_dsq_insert" in found.instead

    def test_misspelt_name_leads_to_what_is_near(self) -> None:
        log = "extern (func ksym) 'scx_bpf_dsq_insrt': not found in kernel or module BTFs"
        found = _explain(log)
        assert "No kernel of the map has a kfunc scx_bpf_dsq_insrt" in found.because
        assert "scx_bpf_dsq_insert" in found.instead

    def test_helper_is_said_to_be_one(self) -> None:
        log = "extern (func ksym) 'bpf_map_lookup_elem': not found in kernel or module BTFs"
        assert "is a helper, not a kernel function" in _explain(log).because

    def test_untyped_symbol_is_one_of_kallsyms(self) -> None:
        found = _explain("libbpf: extern 'absent_fops_zz' (strong): not resolved")
        assert "CONFIG_KALLSYMS_ALL" in found.because

    def test_structure_names_the_kernels_that_have_it(self) -> None:
        log = "struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF"
        found = _explain(log, "6.12")
        assert found.because.startswith(
            "6.12 has no struct_ops type sched_ext_ops: CONFIG_SCHED_CLASS_EXT is off; 7.3, 7.2"
        )

    def test_member_names_the_kernels_that_have_it(self) -> None:
        log = "struct_ops init_kern toy: Cannot find member sub_attach in kernel BTF"
        found = _explain(log, "6.18")
        assert "with a member sub_attach; " in found.because
        assert "7.3" in found.because
        assert found.instead == ("skel->struct_ops.toy->sub_attach = NULL before loading",)

    def test_member_of_no_kernel_is_said_to_be_that(self) -> None:
        log = "struct_ops init_kern toy: Cannot find member brand_new_hook in kernel BTF"
        assert _explain(log).because.startswith("No kernel of the map has a member brand_new_hook")


class TestPrototype:
    """A declaration that differs: the kernel's own, or a damaged build."""

    def test_kernels_declaration_is_given(self) -> None:
        log = "extern (func ksym) 'bpf_task_acquire': func_proto [6] incompatible with vmlinux [9]"
        found = _explain(log)
        assert found.instead[0].startswith("extern struct task_struct *bpf_task_acquire(")
        assert found.instead[0].endswith(" __ksym;")

    def test_damaged_build_is_not_the_programs_fault(self) -> None:
        log = "extern (func ksym) 'scx_bpf_kick_cpu': func_proto [6] incompatible with vmlinux [9]"
        found = _explain(log, "7.2")
        assert "No program can load scx_bpf_kick_cpu on 7.2" in found.because
        assert "a fault of the build" in found.because


class TestMember:
    """Members that no program, or no sleepable one, may implement."""

    def test_sleepable_program_on_a_member_that_may_not_sleep(self) -> None:
        found = _explain("attach to unsupported member running of struct sched_ext_ops")
        assert "sched_ext_ops.running may not sleep" in found.because
        assert found.instead == ("struct_ops:sched_ext_ops.running",)

    def test_member_that_nobody_may_implement(self) -> None:
        found = _explain("attach to unsupported member get_info of struct tcp_congestion_ops")
        assert "no program can implement tcp_congestion_ops.get_info" in found.because


class TestScheduler:
    """sched_ext's messages."""

    SAID = "kfunc with mask 0x6 called from an operation only allowing 0x10"

    def test_masks_are_named_and_where_the_call_is_legal(self) -> None:
        found = _explain(self.SAID, "6.18")
        assert "SCX_KF_DISPATCH | SCX_KF_ENQUEUE" in found.because
        assert "SCX_KF_REST was in force" in found.because
        assert "struct_ops:sched_ext_ops.dispatch" in found.instead
        assert "struct_ops:sched_ext_ops.running" not in found.instead

    def test_kernel_without_masks_takes_the_names_of_the_newest_that_has_them(self) -> None:
        assert "(names as in 6.19)" in _explain(self.SAID).because

    def test_stall_names_the_task(self) -> None:
        found = _explain("EXIT: runnable task stall (cat[12] failed to run for 30.1s)")
        assert found.because.startswith("cat[12] was ready to run and was not run for 30.1 s")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("vfs_opeen", "7.3 has no function vfs_opeen to attach to"),
        ("vfs_open", "7.3 has a function vfs_open: the kernel that does not is another one"),
        ("bpf_lsm_file_opeen", "7.3 has no LSM hook bpf_lsm_file_opeen"),
        ("bpf_lsm_watch_key", "CONFIG_KEY_NOTIFICATIONS is off"),
        ("bpf_iter_task", "7.3 has the iterator task"),
    ],
)
def test_target_that_is_not_found_is_looked_for_in_the_map(target: str, said: str) -> None:
    found = _explain(f"prog 'p': failed to find kernel BTF type ID of '{target}': -3")
    assert said in found.because


def test_map_that_a_program_may_not_use_names_the_programs() -> None:
    found = _explain("tracing progs cannot use bpf_{list_head,rb_root} yet")
    assert found.because.startswith(
        "kprobe, tracepoint, perf_event, raw_tracepoint and raw_tracepoint_writable programs may"
        " not use a map whose value holds a bpf_list_head or a bpf_rb_root (kernel/bpf/"
    )


def test_argument_is_that_of_the_kfunc_called_before() -> None:
    found = _explain("7: (85) call bpf_task_acquire#1\nR1 must be a rcu pointer")
    assert found.because.startswith("R1 of bpf_task_acquire must be a pointer that RCU protects")
    assert "KF_RCU" in found.because


def test_verifiers_own_is_said_to_be_that() -> None:
    found = _explain("R1 invalid mem access 'scalar'")
    assert found.because == (
        "A complaint of the verifier that kfmap does not judge: it is about the type of a pointer"
        " or register."
    )


def test_remark_goes_into_answers_that_depend_on_the_kernel() -> None:
    messages = read_log(
        "calling kernel function scx_bpf_dsq_insert is not allowed\nR1 invalid mem access 'scalar'"
    ).messages
    found = [explain(message, _asked(NEWEST), "for 7.3").because for message in messages]
    assert found[0].endswith(" (for 7.3).")
    assert "for 7.3" not in found[1]


@pytest.mark.parametrize(
    ("release", "name", "remark"),
    [
        ("6.18.15+deb13-amd64", "6.18", ""),
        ("6.18.15", "6.18", ""),
        ("6.18.3-arch1-1", "6.18", "answered for 6.18 of the map"),
        ("6.14.0-37-generic", "6.12", "answered for 6.12 of the map"),
        ("5.15.0-1-generic", "6.1", "answered for 6.1 of the map"),
        ("9.0.0-rc1", "7.3", "answered for 7.3 of the map"),
        (None, "7.3", "the log names none"),
    ],
)
def test_kernel_of_the_map_is_chosen_for_a_release(
    release: str | None, name: str, remark: str
) -> None:
    from kfmap.cli.kernels import KernelByName

    chosen = choose_kernel([KernelByName(kernel) for kernel in _kernels()], release)
    assert chosen.kernel.name == name
    assert remark in chosen.remark
    assert bool(remark) == bool(chosen.remark)


class TestHelperNotAllowed:
    """A refused helper: the map knows who gets it, as it does of kfuncs."""

    def test_program_that_is_named_is_told_why_and_where_it_works(self) -> None:
        log = (
            "libbpf: sec 'xdp': found program 'p' at insn offset 0 (0 bytes), code size 2 insns\n"
            "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n"
            "program of this type cannot use helper bpf_skb_store_bytes#9"
        )
        found = _explain(log)
        assert "xdp programs cannot use bpf_skb_store_bytes" in found.because
        assert "tc" in found.instead

    def test_program_that_is_not_named_is_told_who_gets_it(self) -> None:
        found = _explain("program of this type cannot use helper bpf_probe_read_str#45")
        assert "only kprobe" in found.because
        assert found.instead[:2] == ("bpf_probe_read_kernel_str", "bpf_probe_read_user_str")
        found = _explain("program of this type cannot use helper bpf_probe_read_kernel#113")
        assert "such as socket_filter, kprobe" in found.because
