"""Instructions that older kernels lack, as 6.1.192 and 6.12.107 of Debian said when each was
loaded; gotol, which came with the others, 6.1.192 knows."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.judging.instructions import (
    Newer,
    newer_instructions,
)
from verifier.engine.object.model import Code, Function, Linkage
from verifier.engine.result import PASSES, REFUSED, UNKNOWN
from verifier.engine.verdict import check_object

_JUMP, _EXIT = (0x15, 0, 0), (0x95, 0, 0)


def _find(kernel: str, *rows: tuple[int, int, int]) -> list[Newer]:
    """Return what a kernel does not know of instructions: (opcode, offset, immediate)."""
    opcodes, offsets, immediates = zip(*rows, strict=True)
    code = Code(
        "tc",
        bytes(opcodes),
        bytes(len(rows)),
        memoryview(array("h", offsets)),
        memoryview(array("i", immediates)),
    )
    function = Function("main", "tc", 0, len(rows), Linkage.PROGRAM, False, 0)
    has_function = bundled_kernel(kernel).has_function
    found = newer_instructions(function, code)
    return [item for item in found if has_function(item.mark) is False]


@pytest.mark.parametrize(
    ("row", "text", "even_dead"),
    [
        ((0x91, 0, 0), "BPF_LDX uses reserved fields", True),
        ((0xD7, 0, 64), "unknown opcode d7", True),
        ((0xE5, 0, 0), "unknown opcode e5", True),
        ((0x3F, 1, 0), "BPF_ALU uses reserved fields", False),
        ((0x97, 1, 3), "BPF_ALU uses reserved fields", False),
        ((0xBF, 32, 0), "BPF_MOV uses reserved fields", False),
        ((0xBC, 8, 0), "BPF_MOV uses reserved fields", False),
        ((0xDB, 0, 0x100), "BPF_ATOMIC uses invalid atomic opcode 100", False),
        ((0xD3, 0, 0x110), "BPF_ATOMIC uses invalid atomic opcode 110", False),
    ],
)
def test_6_1_does_not_know(row: tuple[int, int, int], text: str, even_dead: bool) -> None:
    [found] = _find("6.1", row, _EXIT)
    assert found.text.startswith(f"{text}: this kernel does not know ")
    assert (found.slot, found.even_dead, found.first) == (0, even_dead, True)
    assert _find("7.3", row, _EXIT) == []
    assert bool(_find("6.12", row, _EXIT)) == text.startswith("BPF_ATOMIC")


@pytest.mark.parametrize(
    "row", [(0x3F, 0, 0), (0xBF, 0, 0), (0x06, 0, 0), (0xDB, 0, 0xE1), (0x79, 8, 0)]
)
def test_6_1_knows(row: tuple[int, int, int]) -> None:
    assert _find("6.1", row, _EXIT) == []


def test_whether_a_branch_comes_before_it_is_told() -> None:
    [found] = _find("6.1", _JUMP, (0xBF, 32, 0), _EXIT)
    assert not found.first


@pytest.mark.parametrize(
    ("load", "verdict"),
    [("r2 = *(s32 *)(r10 - 8)", REFUSED), ("r2 = *(u32 *)(r10 - 8)", PASSES)],
)
def test_a_program_with_one_is_refused(load: str, verdict: str) -> None:
    obj = assemble(f"main: program; r1 = 0; *(u64 *)(r10 - 8) = r1; {load}; r0 = 0; exit")
    assert check_object(obj, bundled_kernel("6.1")).programs[0].verdict == verdict


@pytest.mark.parametrize(("before", "verdict"), [("", REFUSED), ("if r1 == 5 goto end; ", UNKNOWN)])
def test_where_it_may_be_dead_it_is_not_known(before: str, verdict: str) -> None:
    """A move from w2 with offset 16; a kernel looks at it only where it walks."""
    obj = assemble(f"main: program; r2 = 0; {before}w3 = w2; end: ; r0 = 0; exit")
    [(name, code)] = obj.code.items()
    at = code.opcodes.index(0xBC)
    offsets = array("h", code.offsets)
    offsets[at] = 16
    obj = replace(obj, code={name: replace(code, offsets=memoryview(offsets))})
    assert check_object(obj, bundled_kernel("6.1")).programs[0].verdict == verdict
    assert check_object(obj, bundled_kernel("6.12")).programs[0].verdict == PASSES


def test_all_programs_of_an_object_for_v4_are_refused() -> None:
    found = check_on("6.1", "instructions.bpf.o")
    assert {item.verdict for item in found.values()} == {REFUSED}
    assert reasons_of(found["memory"])[0].startswith("BPF_LDX uses reserved fields")
    assert {item.verdict for item in check_on("7.3", "instructions.bpf.o").values()} == {PASSES}
