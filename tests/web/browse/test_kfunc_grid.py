"""A kfunc over all kernels: what share of each group of contexts may call it, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.rows.read import RowsOnAll
from kfmap.catalogue.store import save_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    NOT_ON_THIS_KERNEL,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.web.browse.kfunc_grid import GridRow, Share, build_grid
from tests.permission.mechanisms.test_compare import create_masked_kernel
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db


def _load(name: str, facts: KernelFacts) -> Kernel:
    return save_kernel(replace(facts, name=name), None).kernel


def _grid(kernels: list[Kernel], kfunc: str) -> list[GridRow]:
    return build_grid(RowsOnAll(kernels).find_function(kfunc))


def test_a_group_is_told_by_how_many_of_it_may_call() -> None:
    kernel = _load("toy", create_toy_kernel())
    rows = {row.name: row.shares for row in _grid([kernel], "toy_insert")}
    assert next(iter(rows)) == "all contexts"
    assert rows["toy_ops"] == (Share("mixed", "2 of 5"),)
    assert rows["program types"] == (Share("refused", "none"),)
    common = {row.name: row.shares for row in _grid([kernel], "bpf_common")}
    assert common["toy_ops"] == (Share("allowed", "all 5"),)


def test_what_fails_at_run_time_is_counted_apart() -> None:
    kernel = _load("masked", create_masked_kernel())
    rows = {row.name: row.shares for row in _grid([kernel], "toy_insert")}
    assert rows["toy_ops"] == (Share("mixed", "3 of 5, 2 fail"),)


def test_a_kernel_without_the_kfunc_has_no_share() -> None:
    old = replace(create_toy_kernel(), sets=(), registrations=(), kfuncs=())
    kernels = [_load("old", old), _load("new", create_toy_kernel())]
    [*rows] = _grid(kernels, "toy_insert")
    assert rows
    assert all(row.shares[0] == Share("absent", "") for row in rows)
    assert all(row.shares[1].word != "absent" for row in rows)


@dataclass
class _Counted:
    """A kernel of which only the counts of one group are known."""

    words: Counter[str]
    is_unknown: bool = False

    def count_by_family(self) -> dict[str, Counter[str]]:
        return {"toy_ops": self.words}


@pytest.mark.parametrize(
    ("words", "share"),
    [
        ({REFUSED: 25, WILL_NOT_LOAD: 1, NOT_ON_THIS_KERNEL: 1}, Share("refused", "none")),
        ({NOT_ON_THIS_KERNEL: 4}, Share("absent", "")),
        ({REFUSED: 3, UNKNOWN: 2}, Share("mixed", "none of 5, 2 not known")),
        ({REFUSED: 1, FAILS_AT_RUN_TIME: 2}, Share("mixed", "none of 3, 2 fail")),
        ({ALLOWED: 1, REFUSED: 1, UNKNOWN: 2}, Share("mixed", "1 of 4, 2 not known")),
    ],
)
def test_what_a_share_says_of_each_mixture(words: dict[str, int], share: Share) -> None:
    [_, row] = build_grid([_Counted(Counter(words))])  # type: ignore[list-item] # counts will do
    assert row.shares == (share,)
