"""Where a kfunc may be called from, and what a context may call, grouped so that it can be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote_plus

from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Registration
from kfmap.permission.hook_table import FMODRET_HOOK
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    HELPER,
    KFUNC,
    ONLY_IF_SLEEPABLE,
    REFUSED,
    UNKNOWN,
    WILL_NOT_LOAD,
)
from kfmap.web.shared.addresses import address
from kfmap.web.shared.cells import MIXED, TITLES, WORDS, Cells, load_cells, load_row_of
from kfmap.web.shared.context_groups import group_contexts, short_name
from kfmap.web.shared.links import context_url, question_url
from kfmap.web.shared.once_per_facts import once_per_facts

HELPERS = "helpers"  # where kfuncs have a set
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
def group_by_context(kernel: LoadedKernel, name: str) -> list[Group]:
    """Return where a kfunc or a helper may be called from, the groups that allow something first.

    The kernel has a function of this name.
    """
    row = load_row_of(kernel, name)
    assert row is not None, name
    question = question_url(kernel.name, "{}", name)
    before, _, after = question.partition(quote_plus("{}"))
    groups = [
        Group(
            name,
            url,
            tuple(
                Entry(short, row.words[at], page, before + asked + after, row.verdicts[at])
                for at, short, page, asked in contexts
            ),
        )
        for name, url, contexts in _list_families(kernel)
    ]
    return sorted(groups, key=lambda group: group.word in _FOLDED)


@once_per_facts
def _list_families(
    kernel: LoadedKernel,
) -> list[tuple[str, str, list[tuple[int, str, str, str]]]]:
    """Return groups of contexts: (name, page, contexts), which are the same for every function.

    Each context: its column, its short name, its page, its name as addresses have it.
    """
    cells = load_cells(kernel)
    return [
        (
            family.name,
            address("struct-ops", kernel.name, family.name) if family.is_struct_ops else "",
            [
                (
                    at,
                    short_name(cells.contexts[at], cells.names[at]),
                    context_url(kernel.name, cells.contexts[at]),
                    quote_plus(cells.names[at]),
                )
                for at in family.columns
            ],
        )
        for family in group_contexts(cells.contexts)
    ]


@once_per_facts
def list_helpers(kernel: LoadedKernel, context_name: str) -> list[Group]:
    """Return which helpers a context of the matrix gets, as one group; none where not known."""
    cells, columns = load_cells(kernel), kernel.judge.helpers.columns
    if not columns.names:
        return []
    context = cells.contexts[cells.columns[context_name]]
    outcomes, given = columns.column(context), columns.bits(context)
    entries = tuple(
        Entry(
            name,
            outcomes.word(row),
            address("kfunc", kernel.name, name),
            question_url(kernel.name, context_name, name),
            given.word(row),
        )
        for row, name in enumerate(columns.names)
    )
    return [Group(HELPERS, f"{address('kfuncs', kernel.name)}?kind=helper", entries)]


CALL_COLUMNS = ("set", "kfunc", "outcome", "verdict", "kind")


def list_calls(
    kfuncs: Iterable[Group], helpers: Iterable[Group]
) -> list[tuple[str, str, str, str, str]]:
    """Return what a context may call as rows of an export, under CALL_COLUMNS."""
    return [
        (group.name if kind == KFUNC else "", item.name, item.word, item.verdict, kind)
        for groups, kind in ((kfuncs, KFUNC), (helpers, HELPER))
        for group in groups
        for item in group.entries
    ]


@once_per_facts
def group_by_set(kernel: LoadedKernel, context_name: str) -> list[Group]:
    """Return what a context of the matrix may call, by the first set a kfunc is registered with."""
    cells = load_cells(kernel)
    groups = [
        Group(
            name,
            address("set", kernel.name, set_id) if set_id else "",
            tuple(_kfunc_entry(kernel.name, cells, context_name, kfunc) for kfunc in kfuncs),
        )
        for set_id, name, kfuncs in kfuncs_by_set(kernel)
    ]
    return sorted(groups, key=lambda group: (group.word in _FOLDED, group.name))


def _kfunc_entry(kernel: str, cells: Cells, context_name: str, kfunc: str) -> Entry:
    return Entry(
        kfunc,
        WORDS[cells.cell(context_name, kfunc)],
        address("kfunc", kernel, kfunc),
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


def functions_by_set(kernel: LoadedKernel, kind: RowKind) -> list[tuple[str, str, list[str]]]:
    """Return (set id, set name, functions) of a kind; helpers stand together, in no set."""
    kfuncs = kfuncs_by_set(kernel) if kind is not RowKind.HELPER else []
    helpers = list(kernel.judge.helpers.columns.names) if kind is not RowKind.KFUNC else []
    return [*kfuncs, *([("", HELPERS, helpers)] if helpers else [])]


def registered(registrations: Iterable[Registration]) -> list[Registration]:
    """Return the registrations that are about calling kfuncs."""
    return [item for item in registrations if item.hook != FMODRET_HOOK]
