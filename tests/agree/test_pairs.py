"""Pairs of programs, one of which replaces or traces a function of the other, as booted kernels
load or refuse them (pairs.json), and the targets themselves.

The file holds what `kfmap ask-kernel tests/objects/replacing.bpf.o --target NAME=OBJECT:PROGRAM …`
said of each: "loads", or "refused: " and the line that says why.
"""

from __future__ import annotations

import pytest

from tests.verifier.bundled import check_on
from tests.verifier.engine.judging.pairs import RECORDED, check_pairs
from verifier.engine.result import UNKNOWN, ProgramVerdict


def _verdicts(kernel: str, name: str) -> dict[str, ProgramVerdict]:
    return check_pairs(kernel) if name == "replacing.bpf.o" else check_on(kernel, name)


@pytest.mark.parametrize("kernel", RECORDED["kernels"])
@pytest.mark.parametrize("name", ["replacing.bpf.o", "replaced.bpf.o"])
def test_no_kernel_contradicts_the_verdicts_on_pairs(kernel: str, name: str) -> None:
    said, verdicts = RECORDED["kernels"][kernel][name], _verdicts(kernel, name)
    assert said.keys() == verdicts.keys()
    differs = {
        program: (verdicts[program].verdict, answer)
        for program, answer in said.items()
        if (verdicts[program].verdict == "refused") != answer.startswith("refused")
        and verdicts[program].verdict != UNKNOWN
    }
    assert differs == {}
    unknown = [program for program in said if verdicts[program].verdict == UNKNOWN]
    assert len(unknown) < len(said) / 8
