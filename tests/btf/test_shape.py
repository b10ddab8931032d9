"""Types of one shape fit the same types of a kernel."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from kfmap.btf.compat import resolve_function
from kfmap.btf.read import Btf, read_btf
from kfmap.btf.shape import find_shape
from tests.btf.btf_writer import BtfWriter

Build = Callable[[BtfWriter], int]
_TYPES: dict[str, Build] = {
    "void": lambda writer: 0,
    "int": lambda writer: writer.integer("int"),
    "long": lambda writer: writer.integer("long", 8),
    "bits": lambda writer: writer.integer("part", bit_offset=4),
    "name": lambda writer: writer.typedef("pid_t", writer.integer("int")),
    "struct": lambda writer: writer.struct("task", 4),
    "union": lambda writer: writer.union("task", 4),
    "forward": lambda writer: writer.forward("task"),
    "enum": lambda writer: writer.enum("color", [("red", 1)]),
    "enum64": lambda writer: writer.enum64("color", [("red", 1)]),
    "pointer": lambda writer: writer.pointer(writer.struct("task", 4)),
    "pointer to const": lambda writer: writer.pointer(writer.const(writer.struct("other", 4))),
    "pointer to pointer": lambda writer: writer.pointer(writer.pointer(writer.integer("int"))),
    "array": lambda writer: writer.array(writer.integer("int"), 4),
    "callback": lambda writer: writer.pointer(
        writer.prototype(writer.integer("int"), [("a", writer.integer("int"))])
    ),
}


def _function(result: str, *arguments: str) -> tuple[Btf, int]:
    writer = BtfWriter()
    given = [(f"a{number}", _TYPES[name](writer)) for number, name in enumerate(arguments)]
    function = writer.function("ask", writer.prototype(_TYPES[result](writer), given))
    return read_btf(writer.build()), function


_FUNCTIONS = [_function(result, "int", argument) for result, argument in product(_TYPES, _TYPES)]
_FUNCTIONS += [_function("int"), _function("int", "int"), _function("int", "int", "int", "int")]


def test_functions_of_one_shape_are_resolved_alike() -> None:
    by_shape: dict[object, list[tuple[Btf, int]]] = {}
    for btf, function in _FUNCTIONS:
        by_shape.setdefault(find_shape(btf, function), []).append((btf, function))
    assert None not in by_shape
    assert len(by_shape) < len(_FUNCTIONS)  # names and sizes do not count
    for kernel, _ in _FUNCTIONS[:: len(_TYPES) + 3]:
        for alike in by_shape.values():
            found = {resolve_function(btf, function, kernel, "ask") for btf, function in alike}
            assert len(found) == 1


@pytest.mark.parametrize("levels", [8, 100])
def test_what_is_nested_deep_has_no_shape(levels: int) -> None:
    writer = BtfWriter()
    current = writer.integer("int")
    for _ in range(levels):
        current = writer.pointer(writer.prototype(current, [("a", current), ("b", current)]))
    btf = read_btf(writer.build())
    assert find_shape(btf, current) is None
