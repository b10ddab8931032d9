"""Simpler ways to read a kernel's registrations, and the cells each of them gets wrong.

They are what people assume: that a kfunc has one set, that its own set's filter decides, that the
program type it was registered for counts. Against the kernel they show where this hurts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from kfmap.kernel.facts import KernelFacts, Registration
from kfmap.permission.bits import name_bits
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.hook_table import COMMON_HOOK, FMODRET_HOOK


class NaiveView(ABC):
    """A simpler decision: the kfuncs it takes for allowed in a context."""

    id: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, decider: Decider) -> None:
        self.decider = decider

    @abstractmethod
    def allowed(self, context: Context) -> int:
        """Return the kfuncs taken for allowed, bits in the order of `Decider.kfuncs`."""

    def own_filter_bits(self, context: Context, counts: Callable[[Registration], bool]) -> int:
        """Return what the registrations that count list and their own filters let pass."""
        view = self.decider.views.build_view(context)
        allowed = 0
        for item in self.decider.facts.registrations:
            if item.hook != FMODRET_HOOK and counts(item):
                tree = self.decider.trees.get(item.filter)
                listed = self.decider.names.set_bits.get(item.set_id, 0)
                allowed |= listed & ~(tree(view)[1] if tree else 0)
        return allowed


class SeparateFilters(NaiveView):
    """Each set of a hook has its own filter that sees only that set, and all must pass."""

    id: ClassVar[str] = "separate_filters"
    title: ClassVar[str] = "one filter per set, all must pass"

    def __init__(self, decider: Decider) -> None:
        super().__init__(decider)
        self._variants = [Decider(facts) for facts in _split_memberships(decider.facts)]

    def allowed(self, context: Context) -> int:
        """Intersect the answers of the kernels in which each kfunc is in one of its sets only."""
        bits = self.decider.bits(context)[0]
        for variant in self._variants:
            bits &= variant.bits(context)[0]
        return bits


class OwnFilter(NaiveView):
    """Only the filters of the sets that contain a kfunc count, not the others of the hook."""

    id: ClassVar[str] = "own_filter"
    title: ClassVar[str] = "only the filter of the containing set"

    def allowed(self, context: Context) -> int:
        """Let pass what the filter of some containing set lets pass."""
        hooks = self.decider.hooks_asked(context)
        return self.own_filter_bits(context, lambda item: item.hook in hooks)


class ByProgramType(NaiveView):
    """A kfunc may be called from the types its sets were registered for, if their filter agrees."""

    id: ClassVar[str] = "by_program_type"
    title: ClassVar[str] = "registered program type instead of hook, filter of the containing set"

    def allowed(self, context: Context) -> int:
        """Take the registrations for the program type itself, and the common ones."""
        program_type = context.replaces or context.program_type
        return self.own_filter_bits(
            context,
            lambda item: item.hook == COMMON_HOOK or item.program_type == program_type,
        )


class IgnoreFilters(NaiveView):
    """Filters do not exist."""

    id: ClassVar[str] = "ignore_filters"
    title: ClassVar[str] = "filters ignored"

    def allowed(self, context: Context) -> int:
        """Return what the hooks list."""
        return self.decider.listed_bits(context)[0]


class IgnoreCommon(NaiveView):
    """The common hook does not exist."""

    id: ClassVar[str] = "ignore_common"
    title: ClassVar[str] = "common hook ignored"

    def __init__(self, decider: Decider) -> None:
        super().__init__(decider)
        facts = decider.facts
        self._variant = Decider(replace(facts, decision=replace(facts.decision, common=False)))

    def allowed(self, context: Context) -> int:
        """Return the answer of the kernel without the common hook."""
        return self._variant.bits(context)[0]


class FirstSet(NaiveView):
    """Every kfunc has one set, the first in the order of the tree, and that set's own filter."""

    id: ClassVar[str] = "first_set"
    title: ClassVar[str] = "one set per kfunc, the first"

    def __init__(self, decider: Decider) -> None:
        super().__init__(decider)
        self._bits: dict[str, int] = {}
        for kfunc, set_id in self._choose().items():
            self._bits[set_id] = self._bits.get(set_id, 0) | decider.names.kfunc_bits[kfunc]

    def allowed(self, context: Context) -> int:
        """Return what the chosen sets and their own filters let pass."""
        hooks = self.decider.hooks_asked(context)
        return sum(
            self._bits_of(set_id, context, hooks) & bits for set_id, bits in self._bits.items()
        )

    def _bits_of(self, set_id: str, context: Context, hooks: Sequence[str]) -> int:
        return self.own_filter_bits(
            context, lambda item: item.set_id == set_id and item.hook in hooks
        )

    def _choose(self) -> dict[str, str]:
        """Choose a set for each kfunc."""
        chosen: dict[str, str] = {}
        for item in self._in_order():
            for entry in self._entries.get(item.set_id, ()):
                chosen.setdefault(entry, item.set_id)
        return chosen

    def _in_order(self) -> list[Registration]:
        return sorted(self.decider.facts.registrations, key=lambda item: item.place)

    @property
    def _entries(self) -> Mapping[str, frozenset[str]]:
        return self.decider.names.set_names


class LastSet(FirstSet):
    """Every kfunc has one set, the last in the order of the tree, and that set's own filter."""

    id: ClassVar[str] = "last_set"
    title: ClassVar[str] = "one set per kfunc, the last"

    def _in_order(self) -> list[Registration]:
        return super()._in_order()[::-1]


VIEWS: tuple[type[NaiveView], ...] = (
    SeparateFilters,
    OwnFilter,
    FirstSet,
    LastSet,
    ByProgramType,
    IgnoreFilters,
    IgnoreCommon,
)


@dataclass(frozen=True, slots=True)
class WrongCells:
    """How many cells a view gets wrong, and for which kfuncs."""

    view: str
    title: str
    cells: int
    kfuncs: tuple[str, ...]


def count_wrong(
    decider: Decider, contexts: Sequence[Context], ignored: Collection[str] = ()
) -> list[WrongCells]:
    """Count the cells in which each naive view differs from the kernel, but for ignored kfuncs."""
    counted = ~sum(decider.names.kfunc_bits.get(kfunc, 0) for kfunc in set(ignored))
    answers = [(context, decider.bits(context)[0]) for context in contexts]
    counts = []
    for kind in VIEWS:
        view = kind(decider)
        cells = concerned = 0
        for context, allowed in answers:
            wrong = (view.allowed(context) ^ allowed) & counted
            cells += wrong.bit_count()
            concerned |= wrong
        names = tuple(name_bits(concerned, decider.kfuncs))
        counts.append(WrongCells(kind.id, kind.title, cells, names))
    return counts


def _split_memberships(facts: KernelFacts) -> list[KernelFacts]:
    """Return kernels in which a kfunc in several sets of a hook is in the first, second … only."""
    sets_of: dict[str, list[str]] = {}
    by_id = {item.id: item for item in facts.sets}
    for hook in facts.hooks:
        sets: dict[str, list[str]] = {}
        for item in facts.registrations:
            if item.hook == hook and item.set_id in by_id and hook != FMODRET_HOOK:
                for entry in by_id[item.set_id].entries:
                    sets.setdefault(entry.kfunc, []).append(item.set_id)
        for kfunc, ids in sets.items():
            distinct = list(dict.fromkeys(ids))
            if len(distinct) > 1:
                sets_of[kfunc] = distinct
    most = max(map(len, sets_of.values()), default=0)
    return [_keep_membership(facts, sets_of, number) for number in range(most)]


def _keep_membership(facts: KernelFacts, sets_of: dict[str, list[str]], number: int) -> KernelFacts:
    kept = {kfunc: ids[min(number, len(ids) - 1)] for kfunc, ids in sets_of.items()}
    sets = []
    for item in facts.sets:
        entries = tuple(
            entry
            for entry in item.entries
            if item.id not in sets_of.get(entry.kfunc, ()) or kept[entry.kfunc] == item.id
        )
        sets.append(replace(item, entries=entries))
    return replace(facts, sets=tuple(sets))
