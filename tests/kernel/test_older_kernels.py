"""Kernels before 6.1: properties of kfuncs in sets of their own, lists of the top Makefile."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.extract import TreeError
from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import BTF_C, CONFIG, FILES, INCLUDES, SET_C, extract, id_set

BPF = CONFIG + b"CONFIG_BPF_SYSCALL=y\n"
# As the top Makefile of 5.19 has them: a first make calls a second one, which has the lists.
TOP = (
    FILES["Makefile"]
    + """\
ifneq ($(sub_make_done),1)
ifeq ($(filter --no-print-directory, $(MAKEFLAGS)),)
need-sub-make := 1
endif
export sub_make_done := 1
endif
ifeq ($(need-sub-make),)
ifdef mixed-build
else
include $(srctree)/scripts/Kbuild.include
core-y := init/
ifeq ($(KBUILD_EXTMOD),)
core-y += kernel/
drivers-$(CONFIG_NET) += net/
endif
endif
endif
"""
)
SETS = """\
BTF_SET_START(check_ids)
BTF_ID(func, one)
BTF_ID(func, two)
BTF_ID(func, three)
BTF_SET_END(check_ids)
BTF_SET_START(acquire_ids)
BTF_ID(func, one)
BTF_SET_END(acquire_ids)
BTF_SET_START(release_ids)
BTF_ID(func, two)
BTF_SET_END(release_ids)

static const struct btf_kfunc_id_set the_id_set = {
    .owner        = THIS_MODULE,
    .check_set    = &check_ids,
    .acquire_set  = &acquire_ids,
    .release_set  = &release_ids,
    .ret_null_set = &acquire_ids,
};

static int __init the_init(void)
{
    return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);
}
late_initcall(the_init);
"""
MECHANISM = (
    BTF_C + "int register_btf_kfunc_id_set(enum bpf_prog_type type, const void *set)\n{\n}\n"
)
CHECKS = "static int check(void)\n{\n    return !env->ops->check_kfunc_call(1);\n}\n"


def test_sets_of_properties_become_flags(tmp_path: Path) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + SETS})
    assert find_wrong(facts, {"one": "XDP", "two": "XDP", "three": "XDP"}) == ([], [])
    (found,) = facts.sets
    assert {entry.kfunc: entry.flags for entry in found.entries} == {
        "one": ("KF_ACQUIRE", "KF_RET_NULL"),
        "two": ("KF_RELEASE",),
        "three": (),
    }


def test_lists_of_the_second_make_are_read(tmp_path: Path) -> None:
    files = {"Makefile": TOP, "Kbuild": "", SET_C: INCLUDES + id_set("one")}
    assert find_wrong(extract(tmp_path, files), {"one": "XDP"}) == ([], [])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"kernel/bpf/btf.c": MECHANISM}, "not the whole of it is there"),
        ({"kernel/bpf/verifier.c": CHECKS}, "not the whole of it is there"),
    ],
)
def test_a_kernel_with_the_mechanism_and_no_kfunc_is_no_map(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    with pytest.raises(TreeError, match=says):
        extract(tmp_path, files, BPF)


def test_options_may_leave_every_kfunc_out(tmp_path: Path) -> None:
    files = {
        "kernel/bpf/btf.c": MECHANISM,
        SET_C: INCLUDES + id_set("one"),
        "net/Makefile": "obj-$(CONFIG_SET) += set.o\n",
    }
    assert extract(tmp_path / "off", files, BPF).registrations == ()
    assert extract(tmp_path / "none", {"kernel/bpf/btf.c": MECHANISM}).registrations == ()
