"""Registrations in headers, wherever they are and however they are found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.patched_tree import PatchedTree
from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import CONFIG, INCLUDES, SET_C, extract, id_set, write_tree

WHOLE = INCLUDES + id_set("one")
OF_FOLDER = "obj-y += set.o\nccflags-y += -I{}\n"


def _included(written: str, header: str, flags: str = "", **more: str) -> Mapping[str, str]:
    makefile = OF_FOLDER.format(flags) if flags else "obj-y += set.o\n"
    return {SET_C: f"#include {written}\n", header: WHOLE, "net/Makefile": makefile, **more}


READ = {
    "beside": _included('"own.h"', "net/own.h"),
    "below": _included('"inc/own.h"', "net/inc/own.h"),
    "far away": _included('"../drivers/own/own.h"', "drivers/own/own.h"),
    "of the kernel": _included("<trace/own.h>", "include/trace/own.h"),
    "of the architecture": _included("<asm/own.h>", "arch/x86/include/asm/own.h"),
    "by a folder of the Makefile": _included("<own.h>", "net/inc/own.h", "$(src)/inc"),
    "by a folder of the Makefile, in quotes": _included('"own.h"', "net/inc/own.h", "$(src)/inc"),
    "by a folder elsewhere": _included("<own.h>", "drivers/inc/own.h", "$(srctree)/drivers/inc"),
    "by a header that another one includes": _included(
        '"first.h"',
        "net/own.h",
        **{"net/first.h": '#include "second.h"\n'},
        **{"net/second.h": '#include "own.h"\n'},
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_header_that_registers_is_found(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, READ[name])
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])
    assert facts.not_understood == ()


def test_a_header_with_the_function_alone_is_found(tmp_path: Path) -> None:
    start = WHOLE.index("static int __init")
    files = {SET_C: f'{WHOLE[:start]}#include "own.h"\n', "net/own.h": WHOLE[start:]}
    facts = extract(tmp_path, files)
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])
    assert facts.not_understood == ()


def test_a_header_of_the_same_name_elsewhere_registers_nothing_here(tmp_path: Path) -> None:
    """The file that includes it is not built; this one includes its neighbour."""
    files = {
        SET_C: '#include "own.h"\nint x;\n',
        "net/own.h": "int y;\n",
        "drivers/own.h": WHOLE,
        "drivers/set.c": '#include "own.h"\n',
        "drivers/Makefile": "obj-$(CONFIG_NONE) += set.o\n",
        "Kbuild": "obj-y += kernel/ net/ drivers/\n",
    }
    (wrong, unknown) = find_wrong(extract(tmp_path, files), {"one": ""})
    assert (wrong, unknown) == ([], [])


def test_a_header_that_no_file_names_is_unknown_with_its_line(tmp_path: Path) -> None:
    flags = "obj-y += set.o\nccflags-y += -include $(src)/own.h\n"
    facts = extract(tmp_path, {SET_C: "int x;\n", "net/own.h": WHOLE, "net/Makefile": flags})
    wrong, unknown = find_wrong(facts, {"one": "XDP"})
    assert (wrong, "one in XDP: unknown" in unknown) == ([], True)
    (problem,) = facts.not_understood
    assert (problem.construct, problem.place.file) == (
        "header that no file includes by its name",
        "net/own.h",
    )


def test_a_patch_may_bring_a_header_that_registers(tmp_path: Path) -> None:
    write_tree(tmp_path, {SET_C: "int x;\n"})
    changed: dict[str, str | None] = {SET_C: '#include "own.h"\n', "net/own.h": WHOLE}
    facts = extract_kernel(PatchedTree(tmp_path, changed), config=CONFIG)
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])
