"""The filters of a kernel in rule form, with the sets and tables that they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Filter, KfuncSet, NotUnderstood, Place
from kfmap.kernel.handed_on import find_changes
from kfmap.kernel.items import Item
from kfmap.kernel.named_sets import NamedSets
from kfmap.kernel.rule_form import Branch, MemberTable, Node, Unknown
from kfmap.kernel.rules.filter_meanings import Tables
from kfmap.kernel.rules.filters import compile_filter
from kfmap.kernel.rules.member_tables import read_member_table
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters by id, sorted; what they ask, by id or name."""

    filters: tuple[Filter, ...]
    sets: dict[str, KfuncSet]
    tables: dict[str, MemberTable]
    problems: tuple[NotUnderstood, ...]


def compile_filters(code: Code, names: NamedSets, items: Mapping[str, Item]) -> Filters:
    """Return the filters that these functions are."""
    asked = _Asked(code, names)
    filters = []
    problems: list[NotUnderstood] = []
    for id_, item in items.items():
        meanings = Tables(asked.find_set, asked.list_entries, asked.use_table)
        rule = compile_filter(code, item, meanings)
        problems += _unknowns(rule, item.function)
        filters.append(Filter(id_, item.function, Place(item.file, item.function_line), rule))
    filters.sort(key=lambda item: item.id)
    return Filters(tuple(filters), asked.sets, asked.tables, tuple(problems))


class _Asked:
    """Answers what the names in filters mean, and keeps what was asked for."""

    def __init__(self, code: Code, names: NamedSets) -> None:
        self._code = code
        self._names = names
        self.sets: dict[str, KfuncSet] = {}
        self.tables: dict[str, MemberTable] = {}

    def find_set(self, name: str, file: str) -> str | None:
        """Return the id of a set."""
        found = self._use_set(name, file)
        return found.id if found else None

    def list_entries(self, name: str, file: str) -> tuple[str, ...]:
        """Return the functions of a set or list."""
        found = self._use_set(name, file)
        return tuple(entry.kfunc for entry in found.entries) if found else ()

    def use_table(self, name: str, file: str, unit: int) -> bool:
        """Return whether there is a table of this name, by members of `unit` bytes."""
        if name not in self.tables:
            table = read_member_table(self._code, name, file, unit)
            if table is None:
                return False
            self.tables[name] = table
        return True

    def _use_set(self, name: str, file: str) -> KfuncSet | None:
        """Return a set whose members are all known, and stay as they are."""
        found = self._names.find(name, file)
        if found is None or self._names.unread_in(found):
            return None
        if any(find_changes(self._code, found.place.file, found.name)):
            return None
        self.sets[found.id] = found
        return found


def _unknowns(rule: Node, name: str) -> Iterator[NotUnderstood]:
    waiting = [rule]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Branch):
            waiting += [node.then, node.otherwise]
        elif isinstance(node, Unknown):
            yield NotUnderstood(Place(node.file, node.line), node.construct, name)
