"""Tables indexed by member offset, as filters read them: `[SCX_OP_IDX(enqueue)] = A | B`."""

from __future__ import annotations

import re

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.rule_form import MemberTable, TableRow
from kfmap.kernel.syntax import arguments_of, field_of, parse_initializer, text_of, walk

_DIMENSION = re.compile(r"\[([^\]]*)\]\s*=\s*\{")


def read_member_table(code: Code, name: str, file: str, unit: int) -> MemberTable | None:
    """Read a table; None where it is not there or a row is not understood."""
    item = code.variable(name, file)
    if item is None:
        return None
    root = parse_initializer(item.text[item.brace :])
    first = item.line_at(item.brace)
    constants = Constants(code, item.file)
    rows = []
    for pair in root.named_children:
        if pair.type == "comment":
            continue
        row = _read_row(code, constants, pair, first)
        if row is None:
            return None
        rows.append(row)
    rows.sort(key=lambda row: row.index)
    dimension = _DIMENSION.search(item.text)
    written = code.evaluate(dimension[1], item.file) if dimension and dimension[1].strip() else None
    length = written if written is not None else max((row.index for row in rows), default=-1) + 1
    line = item.line_at(item.text.find(name))
    return MemberTable(name, item.file, line, unit, length, tuple(rows))


def _read_row(code: Code, constants: Constants, pair: Node, first: int) -> TableRow | None:
    designator, value = field_of(pair, "designator"), field_of(pair, "value")
    if designator is None or value is None or designator.type != "subscript_designator":
        return None
    place = designator.named_children[0]
    index, number = constants.value(place), constants.value(value)
    if index is None or number is None:
        return None
    names = [text_of(node) for node in walk(value) if node.type == "identifier"]
    member = text_of(arguments_of(place)[0]) if place.type == "call_expression" else ""
    return TableRow(index, member, number, tuple(names), first + pair.start_point.row)
