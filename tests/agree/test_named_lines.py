"""Pages of kernels claim that every cell that is allowed or refused names a line of the kernel."""

from __future__ import annotations

import random

import pytest

from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED, REFUSED
from tests.agree.truth import read_bundled

CELLS = 1500


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "6.18", "7.1", "7.3"])
def test_every_decided_cell_names_a_line(kernel: str) -> None:
    decider = Decider(read_bundled(kernel))
    contexts, kfuncs = build_contexts(decider.facts), list(decider.kfuncs)
    pick = random.Random(kernel)
    for _ in range(CELLS):
        context, kfunc = pick.choice(contexts), pick.choice(kfuncs)
        verdict = decider.decide(context, kfunc)
        if verdict.verdict in (ALLOWED, REFUSED):
            assert any(reason.file for reason in verdict.reasons), (context, kfunc)
