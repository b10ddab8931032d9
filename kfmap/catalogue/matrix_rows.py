"""The rows of a kernel's matrix by kind: its kfuncs, its helpers, or both, with their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context import Context
from kfmap.permission.matrix import Matrix
from kfmap.permission.outcome_bits import OutcomeColumn, OutcomeColumns
from kfmap.permission.outcome_words import HELPER, KFUNC


class RowKind(StrEnum):
    """Which functions a matrix is about."""

    KFUNC = KFUNC
    HELPER = HELPER
    ALL = "all"


def find_without_helpers(*kernels: LoadedKernel) -> tuple[str, ...]:
    """Return the names of those kernels of which kfmap knows kfuncs only."""
    return tuple(kernel.name for kernel in kernels if not kernel.decider.helpers.knows)


def explain_unknown(kind: RowKind, *kernels: LoadedKernel) -> str:
    """Return why there is nothing to export, "" where there is: an empty file of helpers would say
    that a kernel has none."""
    lacking = find_without_helpers(*kernels) if kind is RowKind.HELPER else ()
    return (
        f"Of {' and '.join(lacking)}, kfmap knows kfuncs only, and no helpers." if lacking else ""
    )


@dataclass(frozen=True, slots=True)
class MatrixRows:
    """A matrix of functions of one kind or both, kfuncs first; `kinds`: a word per function."""

    matrix: Matrix
    kinds: tuple[str, ...]
    outcomes: tuple[OutcomeColumn, ...]


def build_rows(
    kernel: LoadedKernel, kind: RowKind, contexts: Sequence[Context] | None = None
) -> MatrixRows:
    """Return the rows of a kind in the contexts of the kernel's matrix.

    `contexts`: the same in other forms, one for each, such as those of programs that may sleep.
    """
    if kind is RowKind.KFUNC:
        return _kfunc_rows(kernel, contexts)
    if kind is RowKind.HELPER:
        return _helper_rows(kernel, contexts)
    return _join(_kfunc_rows(kernel, contexts), _helper_rows(kernel, contexts))


def _kfunc_rows(kernel: LoadedKernel, contexts: Sequence[Context] | None) -> MatrixRows:
    matrix, make = kernel.matrix, OutcomeColumns(kernel.decider).column
    outcomes = (
        make(context, *matrix.bits(at)) for at, context in enumerate(contexts or matrix.contexts)
    )
    return MatrixRows(matrix, (KFUNC,) * len(matrix.kfuncs), tuple(outcomes))


def _helper_rows(kernel: LoadedKernel, contexts: Sequence[Context] | None) -> MatrixRows:
    columns = kernel.judge.helpers.columns
    own = kernel.matrix.contexts
    outcomes = tuple(columns.column(context) for context in contexts or own)
    return MatrixRows(columns.fill_matrix(own), (HELPER,) * len(columns.names), outcomes)


def _join(one: MatrixRows, other: MatrixRows) -> MatrixRows:
    first, second, shift = one.matrix, other.matrix, len(one.matrix.kfuncs)

    def add(low: Sequence[int], high: Sequence[int]) -> tuple[int, ...]:
        return tuple(a | b << shift for a, b in zip(low, high, strict=True))

    matrix = Matrix(
        first.contexts,
        first.kfuncs + second.kfuncs,
        add(first.allowed, second.allowed),
        add(first.possible, second.possible),
    )
    outcomes = tuple(a.joined(b, shift) for a, b in zip(one.outcomes, other.outcomes, strict=True))
    return MatrixRows(matrix, one.kinds + other.kinds, outcomes)
