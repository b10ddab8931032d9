"""What a configuration leaves out, and which options gate it."""

from __future__ import annotations

from pathlib import Path

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.program_facts import KernelPart, LeftOut
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

TYPES_H = """\
#ifdef CONFIG_NET
BPF_PROG_TYPE(BPF_PROG_TYPE_XDP, xdp, int, int)
#endif
#if defined(CONFIG_FAR) && !defined(CONFIG_NEAR)
BPF_PROG_TYPE(BPF_PROG_TYPE_FAR, far, int, int)
BPF_MAP_TYPE(BPF_MAP_TYPE_FAR, far_ops)
#endif
BPF_MAP_TYPE(BPF_MAP_TYPE_HASH, hash_ops)
"""
OPTIONAL = id_set("one two").replace(
    "BTF_ID_FLAGS(func, two)\n", "#ifdef CONFIG_TWO\nBTF_ID_FLAGS(func, two)\n#endif\n"
)
FAR_C = "net/far/far.c"
FAR = """\
DEFINE_BPF_ITER_FUNC(far, int a)
int f(void)
{
    return register_bpf_struct_ops(&bpf_far, far_ops);
}
"""


def _found(facts: KernelFacts) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(item.kind, item.name): item.options for item in facts.left_out or ()}


def test_a_kfunc_behind_an_ifdef_names_the_option_and_the_line(tmp_path: Path) -> None:
    text = INCLUDES + OPTIONAL
    facts = extract(tmp_path, {SET_C: text})
    line = text.split("\n").index("#ifdef CONFIG_TWO") + 1
    assert facts.left_out == (
        LeftOut(KernelPart.KFUNC, "two", ("CONFIG_TWO",), Place(SET_C, line)),
    )
    assert [kfunc.name for kfunc in facts.kfuncs] == ["one"]


def test_what_the_kernel_has_is_not_left_out(tmp_path: Path) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + OPTIONAL}, b"CONFIG_NET=y\nCONFIG_TWO=y\n")
    assert facts.left_out == ()


def test_files_that_are_not_built_name_the_options_of_their_makefiles(tmp_path: Path) -> None:
    files = {
        FAR_C: INCLUDES + id_set("far_kfunc") + FAR,
        "net/Makefile": "obj-y += set.o\nifdef CONFIG_DEEP\nobj-$(CONFIG_NET) += far/\nendif\n",
        "net/far/Makefile": "obj-$(CONFIG_FAR) += whole.o\nwhole-y := a.o \\\n  far.o\n",
    }
    found = _found(extract(tmp_path, files))
    options = ("CONFIG_FAR", "CONFIG_DEEP")
    assert found == {
        ("kfunc", "far_kfunc"): options,
        ("struct_ops", "far_ops"): options,
        ("iterator", "bpf_iter_far"): options,
    }


def test_a_part_of_another_file_needs_what_that_file_needs(tmp_path: Path) -> None:
    files = {
        "net/far/part.c": INCLUDES + id_set("part_kfunc"),
        "net/set.c": '#ifdef CONFIG_PART\n#include "far/part.c"\n#endif\n',
    }
    facts = extract(tmp_path, files)
    assert facts.left_out == (
        LeftOut(KernelPart.KFUNC, "part_kfunc", ("CONFIG_PART",), Place("net/set.c", 1)),
    )


def test_program_and_map_types_come_from_their_header(tmp_path: Path) -> None:
    found = _found(extract(tmp_path, {"include/linux/bpf_types.h": TYPES_H}))
    assert found == {
        ("program_type", "BPF_PROG_TYPE_FAR"): ("CONFIG_FAR",),
        ("map_type", "BPF_MAP_TYPE_FAR"): ("CONFIG_FAR",),
    }


def test_hooks_and_older_lists_are_left_out_too(tmp_path: Path) -> None:
    hooks = "LSM_HOOK(int, 0, a, void)\n#ifdef CONFIG_FAR\nLSM_HOOK(int, 0, b, void)\n#endif\n"
    types = "#ifdef CONFIG_INET\nBPF_STRUCT_OPS_TYPE(old_ops)\n#endif\n"
    found = _found(
        extract(
            tmp_path,
            {
                "include/linux/lsm_hook_defs.h": hooks,
                "kernel/bpf/bpf_struct_ops_types.h": types,
            },
        )
    )
    assert found == {
        ("lsm_hook", "bpf_lsm_b"): ("CONFIG_FAR",),
        ("struct_ops", "old_ops"): ("CONFIG_INET",),
    }


def test_names_in_macros_and_unused_sets_are_none(tmp_path: Path) -> None:
    text = (
        "#define MANY(name) \\\n    BTF_ID_FLAGS(func, name)\n"
        "#ifdef CONFIG_FAR\nBTF_KFUNCS_START(lonely)\nBTF_ID_FLAGS(func, far)\n"
        "BTF_KFUNCS_END(lonely)\n#endif\n"
    )
    assert extract(tmp_path, {SET_C: INCLUDES + text}).left_out == ()


def test_what_no_makefile_names_is_not_understood_instead(tmp_path: Path) -> None:
    facts = extract(tmp_path, {"net/orphan.c": INCLUDES + id_set("lost")})
    assert _found(facts) == {}
    assert [(item.construct, item.kfuncs) for item in facts.unread] == [
        ("file that no Makefile names", ("lost",))
    ]
