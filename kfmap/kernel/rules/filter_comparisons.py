"""What a comparison in a kfunc filter asks of the program, the kfunc or the target."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.rule_form import (
    Always,
    AttachTypeIs,
    Condition,
    KfuncIs,
    MemberAt,
    StructOpsIs,
    TableHas,
    TargetIn,
    TypeIs,
)
from kfmap.kernel.rules.conditions import either, negate
from kfmap.kernel.rules.filter_meanings import (
    Global,
    Holds,
    Known,
    ListItem,
    Meaning,
    NotInSubsetError,
    Number,
    Row,
    Tables,
)
from kfmap.kernel.rules.hooks import BTF_C, find_enum
from kfmap.kernel.syntax import text_of


class Comparisons:
    """Reads the comparisons of one file's filters."""

    def __init__(self, code: Code, tables: Tables, file: str) -> None:
        self._code = code
        self._tables = tables
        self._file = file

    def equal(self, left: Meaning, right: Meaning, node: Node) -> Condition:
        """Return when two values are the same. Raises NotInSubsetError where that is not said."""
        if not isinstance(left, Known) and isinstance(right, Known):
            left, right = right, left
        match left, right:
            case Known("type"), Number():
                return TypeIs(self._enumerator("bpf_prog_type", right, node))
            case Known("attach"), Number():
                return AttachTypeIs(self._enumerator("bpf_attach_type", right, node))
            case Known("st_ops"), Global(name, True):
                return StructOpsIs(name)
            case Known("st_ops"), Number(0):
                return StructOpsIs(None)
            case Known("prog" | "aux"), Number(0):
                return Always(False)
            case Known("offset"), Number(value):
                return MemberAt(value)
            case Known("target"), ListItem(name, 0) if len(self._entries(name)) == 1:
                return self.in_set(name, node, lambda set_id: TargetIn(set_id))
            case Known("kfunc"), ListItem(name, index):
                entries = self._entries(name)
                if 0 <= index < len(entries):
                    return KfuncIs(entries[index])
            case Number(first), Number(second):
                return Always(first == second)
            case Row(table, mask, names), Number(0) if mask is not None:
                return negate(TableHas(table, mask, names))
            case Holds(condition), Number(0):
                return negate(condition)
            case Holds(condition, True), Number(1):
                return condition
            case Holds(first_, True), Holds(second_, True):
                return either(first_, second_, negate(second_))
        raise NotInSubsetError(f"comparison {text_of(node)[:60]}", node)

    def _entries(self, name: str) -> tuple[str, ...]:
        return self._tables.list_entries(name, self._file)

    def _enumerator(self, enum: str, number: Number, node: Node) -> str:
        """Return the enumerator of a number, which may go by another name."""
        names = {item.name: item.value for item in find_enum(self._code, enum, BTF_C)}
        if number.name in names:
            return number.name
        for name, value in names.items():
            if value == number.value:
                return name
        raise NotInSubsetError(f"comparison {text_of(node)[:60]}", node)

    def in_set(self, name: str, node: Node, make: Callable[[str], Condition]) -> Condition:
        """Return the condition on the set of a name. Raises NotInSubsetError for none."""
        set_id = self._tables.find_set(name, self._file)
        if set_id is None:
            raise NotInSubsetError(f"set {name}", node)
        return make(set_id)
