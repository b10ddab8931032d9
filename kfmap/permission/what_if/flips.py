"""Which cells an edit flips: the matrices of two kernels, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.outcome_bits import OutcomeColumn, OutcomeColumns
from kfmap.permission.outcome_words import (
    FAILS_AT_RUN_TIME,
    LETTER_OF,
    NOT_ON_THIS_KERNEL,
    REFUSED,
    WILL_NOT_LOAD,
)

_REFUSED = LETTER_OF[REFUSED]
# The letters of calls that never work; which of them it is says only when that is noticed.
_NEVER = {
    LETTER_OF[word] for word in (REFUSED, WILL_NOT_LOAD, FAILS_AT_RUN_TIME, NOT_ON_THIS_KERNEL)
}

# Of kernels, kept with them: drafts are held against the same one.
_contexts: WeakKeyDictionary[Decider, tuple[Context, ...]] = WeakKeyDictionary()
_columns: WeakKeyDictionary[Decider, dict[Context, OutcomeColumn]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Flip:
    """One cell whose outcome changes; letters are those of `outcome_words.LETTERS`."""

    context: Context
    kfunc: str
    before: str
    after: str

    @property
    def means_other(self) -> bool:
        """Return whether the call may work in either kernel; if not, when it fails changes."""
        return not {self.before, self.after} <= _NEVER


def find_flips(
    before: Decider, after: Decider, contexts: Sequence[Context] | None = None
) -> tuple[Flip, ...]:
    """Return the cells whose outcome differs, by default over the contexts a program can have."""
    if contexts is None:
        both = dict.fromkeys((*_list_contexts(before), *_list_contexts(after)))
        contexts = [
            context
            for context in both
            if before.views.may_attach(context) or after.views.may_attach(context)
        ]
    flips = []
    columns, others_columns = _list_columns(before, contexts), _list_columns(after, contexts)
    has_same_rows = before.kfuncs == after.kfuncs
    for context in contexts:
        column, others_column = columns[context], others_columns[context]
        if has_same_rows and column == others_column:
            continue
        letters, others = _read_letters(before, column), _read_letters(after, others_column)
        for kfunc in sorted(letters.keys() | others.keys()):
            was, is_now = (of.get(kfunc, _REFUSED) for of in (letters, others))
            if was != is_now:
                flips.append(Flip(context, kfunc, was, is_now))
    return tuple(flips)


def _list_contexts(decider: Decider) -> tuple[Context, ...]:
    if decider not in _contexts:
        _contexts[decider] = build_contexts(decider.facts)
    return _contexts[decider]


def _list_columns(decider: Decider, contexts: Sequence[Context]) -> dict[Context, OutcomeColumn]:
    """Return the columns of a kernel."""
    columns, known = OutcomeColumns(decider), _columns.setdefault(decider, {})
    for context in contexts:
        if context not in known:
            known[context] = columns.column(context, *decider.bits(context))
    return known


def _read_letters(decider: Decider, column: OutcomeColumn) -> dict[str, str]:
    return {kfunc: column.letter(place) for place, kfunc in enumerate(decider.kfuncs)}
