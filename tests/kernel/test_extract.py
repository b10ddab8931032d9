"""Whole kernels extracted: identity, owners, kfuncs, targets, and all idioms in one tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.extract import TreeError, extract_kernel
from kfmap.kernel.facts import VMLINUX
from kfmap.kernel.facts_json import hash_facts, parse_facts, render_facts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.kernel import mask_tree
from tests.kernel import test_struct_ops as ops
from tests.kernel.small_kernel import (
    CONFIG,
    INCLUDES,
    SET_C,
    UAPI_H,
    extract,
    extract_set,
    id_set,
    write_tree,
)


def test_a_kernel_is_named_by_its_version(tmp_path: Path) -> None:
    facts = extract(tmp_path, {})
    assert (facts.name, facts.version) == ("9.1", "9.1.2")
    assert (facts.origin.tree_version, facts.origin.profile) == ("9.1.2", "as configured")
    assert extract_kernel(tmp_path, config=CONFIG, name="mine", label="here").name == "mine"


def test_without_a_configuration_every_option_is_on_and_that_is_said(tmp_path: Path) -> None:
    text = "#ifdef CONFIG_ANYTHING\n" + id_set("one") + "#endif\n"
    facts = extract_set(tmp_path, text, None)
    assert (facts.origin.profile, facts.origin.config_sha256) == ("every option on", "")
    assert len(facts.registrations) == 1


def test_the_same_tree_gives_the_same_text(tmp_path: Path) -> None:
    first = extract_set(tmp_path / "a", id_set("one two", types="XDP LSM SYSCALL"))
    second = extract_set(tmp_path / "b", id_set("one two", types="XDP LSM SYSCALL"))
    assert render_facts(first) == render_facts(second)
    assert hash_facts(parse_facts(render_facts(first))) == hash_facts(second)


def test_another_configuration_is_another_kernel(tmp_path: Path) -> None:
    first = extract(tmp_path, {})
    assert hash_facts(first) != hash_facts(extract(tmp_path, {}, CONFIG + b"CONFIG_A=y\n"))


def test_kfuncs_have_prototypes_and_places_from_source(tmp_path: Path) -> None:
    text = "__bpf_kfunc struct cgroup *one(struct task_struct *p,\n        u64 flags)\n{\n}\n"
    facts = extract_set(tmp_path, text + id_set("one two"))
    one, two = facts.kfuncs
    assert one.prototype == "struct cgroup *one(struct task_struct *p, u64 flags)"
    assert (str(one.place), one.tagged, one.callable_in_btf) == (f"{SET_C}:4", None, None)
    assert (two.prototype, two.place) == ("", None)


def test_kfuncs_may_be_defined_in_a_file_without_sets(tmp_path: Path) -> None:
    files = {
        "net/Makefile": "obj-y += set.o other.o\n",
        SET_C: INCLUDES + id_set("one"),
        "net/other.c": "__bpf_kfunc void one(void)\n{\n}\n",
    }
    (kfunc,) = extract(tmp_path, files).kfuncs
    assert str(kfunc.place) == "net/other.c:1"


def test_kfuncs_of_a_module_are_owned_by_it(tmp_path: Path) -> None:
    files = {
        "net/Makefile": "obj-$(CONFIG_FOU) += fou-bpf.o\nfou-bpf-y := set.o\n",
        SET_C: INCLUDES + id_set("one"),
    }
    facts = extract(tmp_path, files, CONFIG + b"CONFIG_FOU=m\n")
    assert [(k.name, k.owner) for k in facts.kfuncs] == [("one", "fou_bpf")]
    assert [r.owner for r in facts.registrations] == ["fou_bpf"]


def test_metadata_kfuncs_are_bound_to_a_device(tmp_path: Path) -> None:
    text = (
        id_set("one")
        + "bool bpf_dev_bound_kfunc_id(u32 btf_id)\n{\n"
        + "    return btf_id_set8_contains(&the_set, btf_id);\n}\n"
    )
    (kfunc,) = extract_set(tmp_path, text).kfuncs
    assert kfunc.device_bound


def test_attach_targets_are_those_of_the_tree(tmp_path: Path) -> None:
    files = {
        "include/linux/lsm_hook_defs.h": (
            "LSM_HOOK(int, 0, file_open, struct file *file)\n"
            "#ifdef CONFIG_SECURITY_NETWORK\n"
            "LSM_HOOK(int, 0, socket_connect,\n     struct socket *sock)\n"
            "#endif\n"
        ),
        SET_C: "DEFINE_BPF_ITER_FUNC(task, struct bpf_iter_meta *meta)\n",
    }
    facts = extract(tmp_path, files)
    assert facts.lsm_hooks == ("bpf_lsm_file_open",)
    assert facts.iterators == ("bpf_iter_task",)


def test_a_folder_that_is_no_kernel_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match=r"lacks kernel/bpf/btf\.c"):
        extract_kernel(tmp_path)
    with pytest.raises(TreeError, match="not a folder"):
        extract_kernel(tmp_path / "nothing")


def test_one_tree_with_all_idioms(tmp_path: Path) -> None:
    """Everything at once: helpers, tables, modules, struct_ops, run-time masks, one new idiom."""
    sched = "#include <linux/sched/ext.h>\n" + INCLUDES + mask_tree.MACROS + mask_tree.CHECKS
    sched += mask_tree.KFUNCS + mask_tree.CALLS
    sched_ops = ops.OPS.replace("start", "enqueue").replace("stop", "dispatch")
    sched_ops = sched_ops.replace("nap)", "init)").replace("late", "tick")
    sched += (
        sched_ops.replace("the_ops", "sched_ops")
        + (
            'static struct bpf_struct_ops bpf_sched_ops = {\n    .name = "sched_ops",\n};\n'
            "static int __init sched_init(void)\n{\n"
            "    return register_bpf_struct_ops(&bpf_sched_ops, sched_ops);\n}\n"
            "late_initcall(sched_init);\n"
        )
        + id_set("insert move kick", types="STRUCT_OPS TRACING")
    )
    new_idiom = (
        "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)\n{\n"
        "    while (prog->type)\n        return 0;\n"
        "    return -EACCES;\n}\n"
    )
    files = {
        "kernel/Makefile": "obj-y += bpf/ sched/\n",
        "kernel/sched/Makefile": "obj-y += build.o\n",
        "kernel/sched/build.c": '#include "ext.c"\n',
        mask_tree.EXT_H: mask_tree.BITS,
        mask_tree.EXT_C: sched,
        "net/Makefile": "obj-y += set.o\nobj-m += fou.o\n",
        SET_C: INCLUDES + id_set("one", filter_="the_filter", types="LSM") + new_idiom,
        "net/fou.c": INCLUDES + id_set("encap", types="XDP SCHED_CLS"),
    }
    facts = extract(tmp_path, files)
    assert {k.name: k.owner for k in facts.kfuncs} == {
        "encap": "fou",
        "insert": VMLINUX,
        "kick": VMLINUX,
        "move": VMLINUX,
        "one": VMLINUX,
    }
    assert [p.construct for p in facts.not_understood] == ["while statement"]
    assert facts.run_time is not None
    assert [guard.kfunc for guard in facts.run_time.guards] == ["insert", "move"]
    decider = Decider(facts)
    member = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="sched_ops", member="dispatch")
    assert decider.decide(member, "insert").run_time == "allowed"
    assert decider.decide(Context("BPF_PROG_TYPE_XDP"), "encap").verdict == "allowed"
    # The hook of LSM programs is that of tracing ones, and only kfuncs of its sets are asked.
    assert decider.decide(Context("BPF_PROG_TYPE_TRACING"), "one").verdict == "unknown"
    assert decider.decide(Context("BPF_PROG_TYPE_XDP"), "one").verdict == "refused"


def test_values_in_headers_of_the_architecture_are_found(tmp_path: Path) -> None:
    files = {
        "arch/x86/include/asm/kinds.h": "#define SHIFT 2\n",
        "include/linux/kinds.h": "#include <asm/kinds.h>\n#define FIRST (1 << SHIFT)\n",
        "include/uapi/linux/bpf.h": "#include <linux/kinds.h>\n"
        + UAPI_H.replace("BPF_TRACE_FENTRY", "BPF_TRACE_FENTRY = FIRST"),
    }
    facts = extract_kernel(write_tree(tmp_path, files), config=CONFIG)
    assert [(c.name, c.value) for c in facts.attach_types][:2] == [
        ("BPF_TRACE_FENTRY", 4),
        ("BPF_TRACE_ITER", 5),
    ]
