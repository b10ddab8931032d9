"""Pages of kernels claim that every cell that is allowed or refused names a line of the kernel."""

from __future__ import annotations

import random

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED, REFUSED, Step
from tests.agree.truth import read_bundled

CELLS = 500  # of each kernel: a run over all 662,368 decided cells found none without
KERNELS = [item.name for item in find_bundled()]


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_decided_cell_names_a_line_or_was_answered_by_the_kernel(kernel: str) -> None:
    decider = Decider(read_bundled(kernel))
    contexts, kfuncs = build_contexts(decider.facts), list(decider.kfuncs)
    pick = random.Random(kernel)
    for _ in range(CELLS):
        context, kfunc = pick.choice(contexts), pick.choice(kfuncs)
        verdict = decider.decide(context, kfunc)
        if verdict.verdict in (ALLOWED, REFUSED):
            evidence = (reason.file or reason.rule == Step.OBSERVED for reason in verdict.reasons)
            assert any(evidence), (context, kfunc)
