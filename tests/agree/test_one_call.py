"""What is said of a call is what `verify` says of a program that makes it, and the other way round.

A sample of every bundled kernel; `python -m tests.benchmarks one_call` compares all cells.
"""

from __future__ import annotations

import random

import pytest

from tests.agree.one_call import compare, compare_helpers, list_contexts
from tests.bundled import different_kernels
from tests.verifier.bundled import bundled_kernel

CONTEXTS, KFUNCS = 24, 10
FEW_CONTEXTS = 8
WITH_HELPERS = [item.name for item in different_kernels() if not item.read_facts().is_observed]


@pytest.mark.parametrize("name", [item.name for item in different_kernels()])
def test_outcomes_are_what_the_engine_says_of_one_call(name: str) -> None:
    kernel = bundled_kernel(name)
    pick = random.Random(name)
    contexts = list_contexts(kernel)
    for context in pick.sample(contexts, min(CONTEXTS, len(contexts))):
        kfuncs = pick.sample(kernel.decider.kfuncs, KFUNCS)
        assert list(compare(kernel, context, kfuncs)) == []


@pytest.mark.parametrize("name", WITH_HELPERS)
def test_outcomes_of_helpers_are_what_the_engine_says_of_one_call(name: str) -> None:
    kernel = bundled_kernel(name)
    pick = random.Random(name)
    contexts = list_contexts(kernel)
    for context in pick.sample(contexts, min(FEW_CONTEXTS, len(contexts))):
        assert list(compare_helpers(kernel, context)) == []
