"""Every cell of the bundled kernels: its outcome, beside what `verify` says of a one-call program.

The figure is the number of cells of which they say different things; none is the aim.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.catalogue.bundled_kernels import find_bundled
from tests.agree.one_call import compare, list_contexts
from tests.benchmarks.figure import Figure
from tests.verifier.bundled import bundled_kernel


def run() -> Iterator[Figure]:
    """Yield a figure per kernel, as soon as it is known: the whole takes minutes."""
    for item in find_bundled():
        yield _compare_kernel(item.name)


def _compare_kernel(name: str) -> Figure:
    kernel = bundled_kernel(name)
    kfuncs = kernel.decider.kfuncs
    contexts = list_contexts(kernel)
    wrong = sum(1 for context in contexts for _ in compare(kernel, context, kfuncs))
    cells = f"all {len(contexts) * len(kfuncs)} cells of {name} checked as one-call programs"
    return Figure(f"outcomes that differ, {cells}", wrong, "cells", "aim: none", None)
