"""Where a kfunc may be called from, and what a context may call, grouped so that it can be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Registration
from kfmap.permission.hook_table import FMODRET_HOOK
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.web.shared.cells import MIXED, TITLES, WORDS, Cells, load_cells
from kfmap.web.shared.context_groups import group_contexts, short_name
from kfmap.web.shared.links import context_url, question_url
from kfmap.web.shared.once_per_facts import once_per_facts

_OPEN = (ALLOWED, ONLY_IF_SLEEPABLE, FAILS_AT_RUN_TIME, UNKNOWN)
_FOLDED = (WILL_NOT_LOAD, REFUSED)


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell inside a group: the name to show, its page, its question.

    `word` is the outcome, `verdict` that of the permission check alone.
    """

    name: str
    word: str
    url: str
    question: str
    verdict: str = ""

    @property
    def title(self) -> str:
        """Return the outcome for people."""
        return TITLES[self.word]


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one group of contexts or of one set of kfuncs."""

    name: str
    url: str
    entries: tuple[Entry, ...]

    def of(self, *words: str) -> list[Entry]:
        """Return the entries with one of these words."""
        return [entry for entry in self.entries if entry.word in words]

    @property
    def allowed(self) -> list[Entry]:
        """Return what is allowed."""
        return self.of(ALLOWED)

    @property
    def open_parts(self) -> list[tuple[str, list[Entry]]]:
        """Return the entries by outcome, without those that never work."""
        return [(word, found) for word in _OPEN if (found := self.of(word))]

    @property
    def folded_parts(self) -> list[tuple[str, list[Entry]]]:
        """Return the entries that never work, by outcome."""
        return [(word, found) for word in _FOLDED if (found := self.of(word))]

    @property
    def word(self) -> str:
        """Return one word for the group."""
        words = {entry.word for entry in self.entries}
        return words.pop() if len(words) == 1 else MIXED


@once_per_facts
def group_by_context(kernel: LoadedKernel, kfunc: str) -> list[Group]:
    """Return where a kfunc may be called from, the groups that allow something first."""
    cells = load_cells(kernel)
    letters = cells.row_letters(kfunc)
    groups = []
    for family in group_contexts(cells.contexts):
        url = reverse("struct-ops", args=[kernel.name, family.name]) if family.is_struct_ops else ""
        entries = tuple(
            _context_entry(kernel, cells, column, WORDS[letters[column]], kfunc)
            for column in family.columns
        )
        groups.append(Group(family.name, url, entries))
    return sorted(groups, key=lambda group: group.word in _FOLDED)


def _context_entry(kernel: LoadedKernel, cells: Cells, column: int, word: str, kfunc: str) -> Entry:
    context, name = cells.contexts[column], cells.names[column]
    return Entry(
        short_name(context, name),
        word,
        context_url(kernel.name, context),
        question_url(kernel.name, name, kfunc),
        cells.matrix.verdict(column, cells.rows[kfunc]) if kfunc in cells.rows else "",
    )


@once_per_facts
def group_by_set(kernel: LoadedKernel, context_name: str) -> list[Group]:
    """Return what a context of the matrix may call, by the first set a kfunc is registered with."""
    cells = load_cells(kernel)
    groups = [
        Group(
            name,
            reverse("set", args=[kernel.name, set_id]) if set_id else "",
            tuple(_kfunc_entry(kernel.name, cells, context_name, kfunc) for kfunc in kfuncs),
        )
        for set_id, name, kfuncs in kfuncs_by_set(kernel)
    ]
    return sorted(groups, key=lambda group: (group.word in _FOLDED, group.name))


def _kfunc_entry(kernel: str, cells: Cells, context_name: str, kfunc: str) -> Entry:
    return Entry(
        kfunc,
        WORDS[cells.cell(context_name, kfunc)],
        reverse("kfunc", args=[kernel, kfunc]),
        question_url(kernel, context_name, kfunc),
        cells.matrix.verdict(cells.columns[context_name], cells.rows[kfunc]),
    )


@once_per_facts
def kfuncs_by_set(kernel: LoadedKernel) -> list[tuple[str, str, list[str]]]:
    """Return (set id, set name, kfuncs) with each kfunc in the first set that registers it.

    Kfuncs without a known set are last, under the id "".
    """
    left = dict.fromkeys(kernel.decider.kfuncs)
    sets = {item.id: item for item in kernel.facts.sets}
    found: list[tuple[str, str, list[str]]] = []
    for set_id in dict.fromkeys(item.set_id for item in registered(kernel.facts.registrations)):
        kfunc_set = sets.get(set_id)
        names = sorted({e.kfunc for e in kfunc_set.entries} & left.keys()) if kfunc_set else []
        if kfunc_set and names:
            found.append((set_id, kfunc_set.name, names))
            for name in names:
                del left[name]
    if left:
        found.append(("", "no set known", list(left)))
    return sorted(found, key=lambda item: (not item[0], item[1]))


def registered(registrations: Iterable[Registration]) -> list[Registration]:
    """Return the registrations that are about calling kfuncs."""
    return [item for item in registrations if item.hook != FMODRET_HOOK]
