"""All cells of a kernel: every context × every kfunc, as bitsets."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.bits import KfuncBits
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Matrix:
    """`allowed[i]` and `possible[i]` are the kfuncs of `contexts[i]`, bit n for `kfuncs[n]`."""

    contexts: tuple[Context, ...]
    kfuncs: tuple[str, ...]
    allowed: tuple[int, ...]
    possible: tuple[int, ...]

    def bits(self, column: int) -> KfuncBits:
        """Return the kfuncs of one context."""
        return KfuncBits(self.allowed[column], self.possible[column])

    def verdict(self, column: int, row: int) -> str:
        """Return the verdict of one cell by indexes of context and kfunc."""
        return self.bits(column).word(row)

    def letter(self, column: int, row: int) -> str:
        """Return A, D or ? for one cell."""
        return self.bits(column).letter(row)

    def context_letters(self, column: int) -> str:
        """Return one letter per kfunc for one context."""
        return self.bits(column).letters(len(self.kfuncs))

    def kfunc_letters(self, row: int) -> str:
        """Return one letter per context for one kfunc."""
        return "".join(self.letter(column, row) for column in range(len(self.contexts)))


def build_matrix(facts: KernelFacts, contexts: tuple[Context, ...] | None = None) -> Matrix:
    """Decide every cell of a kernel, over its own contexts unless others are given."""
    return fill_matrix(Decider(facts), build_contexts(facts) if contexts is None else contexts)


def fill_matrix(decider: Decider, contexts: tuple[Context, ...]) -> Matrix:
    """Decide every cell of the given contexts."""
    columns = [decider.bits(context) for context in contexts]
    return Matrix(
        contexts,
        decider.kfuncs,
        tuple(allowed for allowed, _ in columns),
        tuple(possible for _, possible in columns),
    )
