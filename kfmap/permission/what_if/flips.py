"""Which cells an edit flips: the matrices of two kernels, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kfmap.permission.bits import ALLOWED_LETTER, FAILS_LETTER, REFUSED_LETTER, has_bit
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.mechanism import find_failing


@dataclass(frozen=True, slots=True)
class Flip:
    """One cell whose verdict changes; letters A, D, ? or R: it loads and fails at run time."""

    context: Context
    kfunc: str
    before: str
    after: str

    @property
    def means_other(self) -> bool:
        """Return whether the call passes in one kernel only; if not, when it is refused changes."""
        return {self.before, self.after} != {REFUSED_LETTER, FAILS_LETTER}


def find_flips(
    before: Decider, after: Decider, contexts: Sequence[Context] | None = None
) -> tuple[Flip, ...]:
    """Return the cells whose verdict differs, by default over the contexts a program can have."""
    if contexts is None:
        both = dict.fromkeys((*build_contexts(before.facts), *build_contexts(after.facts)))
        contexts = [
            context
            for context in both
            if before.views.may_attach(context) or after.views.may_attach(context)
        ]
    flips = []
    for context in contexts:
        letters, others = _read_letters(before, context), _read_letters(after, context)
        for kfunc in sorted(letters.keys() | others.keys()):
            was, is_now = (of.get(kfunc, REFUSED_LETTER) for of in (letters, others))
            if was != is_now:
                flips.append(Flip(context, kfunc, was, is_now))
    return tuple(flips)


def _read_letters(decider: Decider, context: Context) -> dict[str, str]:
    letters = decider.bits(context).letters(len(decider.kfuncs))
    failing = find_failing(decider, context)
    return {
        kfunc: FAILS_LETTER if letter == ALLOWED_LETTER and has_bit(failing, place) else letter
        for place, (kfunc, letter) in enumerate(zip(decider.kfuncs, letters, strict=True))
    }
