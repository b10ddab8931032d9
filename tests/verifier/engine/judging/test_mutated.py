"""Broken objects get a verdict or are refused, never anything else; the benchmark tries more."""

from __future__ import annotations

from random import Random

import pytest

from tests.verifier.engine.judging.object_kernels import object_kernels
from tests.verifier.engine.object.mutate import Layout, mutate
from tests.verifier.engine.object.objects import NAMES, Patched, object_bytes
from verifier.engine.object.code import CALL
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.verdict import check_object


@pytest.mark.parametrize("name", NAMES)
def test_mutated_object_gets_a_verdict_or_is_refused(name: str) -> None:
    data = object_bytes(name)
    layout = Layout(data)
    for number in range(60):
        try:
            found = read_object(mutate(data, layout, Random(f"{name} {number}")))
        except ObjectError:
            continue
        for kernel in object_kernels():
            verdict = check_object(found, kernel)
            assert [item.program for item in verdict.programs] == [
                item.name for item in found.programs
            ]


@pytest.mark.parametrize("opcode", [0x96, 0x9E, 0xE6, 0xF5])
def test_comparison_that_does_not_exist_does_no_harm(opcode: int) -> None:
    """Found by fuzzing: both sides are constants, so the comparison would be decided."""
    patched = Patched("scheduler.bpf.o").put("struct_ops/stopping", 8 * 3, bytes([opcode]))
    for kernel in object_kernels():
        assert check_object(read_object(bytes(patched.data)), kernel).programs


@pytest.mark.parametrize("registers", [0xBB, 0xFF, 0x0F, 0xF0])
def test_registers_that_do_not_exist_do_no_harm(registers: int) -> None:
    """Found by fuzzing: four bits name a register, and there are eleven or twelve."""
    patched = Patched("scheduler.bpf.o")
    start, size = patched.place("struct_ops/stopping")
    for at in range(0, size, 8):
        if patched.data[start + at] != CALL:
            patched.put("struct_ops/stopping", at + 1, bytes([registers]))
    for kernel in object_kernels():
        assert check_object(read_object(bytes(patched.data)), kernel).programs
