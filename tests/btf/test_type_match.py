"""bpf_core_type_matches() compares members, enumerators and signatures by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kfmap.btf.kinds import INT_SIGNED
from kfmap.btf.read import BtfError, read_btf
from kfmap.btf.type_match import types_match
from tests.btf.btf_writer import BtfWriter

Build = Callable[[BtfWriter], int]


def _matches(local: Build, kernel: Build) -> bool:
    ours, theirs = BtfWriter(), BtfWriter()
    first, second = local(ours), kernel(theirs)
    return types_match(read_btf(ours.build()), first, read_btf(theirs.build()), second)


def _number(size: int = 4, encoding: int = 0, name: str = "number") -> Build:
    return lambda writer: writer.integer(name, size, encoding)


def _struct(*members: tuple[str, Build], name: str = "s") -> Build:
    def build(writer: BtfWriter) -> int:
        rows = [(text, of(writer), 32 * at) for at, (text, of) in enumerate(members)]
        return writer.struct(name, 64, rows)

    return build


def _pointer(to: Build) -> Build:
    return lambda writer: writer.pointer(to(writer))


def _enum(*names: str, size: int = 4) -> Build:
    return lambda writer: writer.enum("e", [(name, 1) for name in names], size)


def _call(result: Build, *params: Build) -> Build:
    return lambda writer: writer.prototype(
        result(writer), [(f"p{at}", of(writer)) for at, of in enumerate(params)]
    )


def _void(_: BtfWriter) -> int:
    return 0


def _forward(union: bool) -> Build:
    return lambda writer: writer.forward("s", union)


def _array(length: int) -> Build:
    return lambda writer: writer.array(_number()(writer), length)


A, B, C = ("a", _number()), ("b", _number(8)), ("c", _number(2))


@pytest.mark.parametrize(
    ("local", "kernel", "match"),
    [
        (_number(), _number(), True),
        (_number(), _number(8), False),
        (_number(), _number(encoding=INT_SIGNED), False),
        (_number(), _number(name="other"), False),
        (_struct(A, B), _struct(B, C, A), True),
        (_struct(A, B), _struct(A, C), False),
        (_struct(A), _struct(("a", _number(8))), False),
        (_struct(A, name="s___mine"), _struct(A, B), True),
        (_pointer(_struct(A, B)), _pointer(_struct(C)), True),
        (_pointer(_struct(A)), _pointer(_forward(union=False)), True),
        (_pointer(_struct(A)), _pointer(_forward(union=True)), False),
        (_pointer(_forward(union=False)), _pointer(_struct(A)), True),
        (_forward(union=False), _struct(A), False),
        (_forward(union=False), _forward(union=False), True),
        (_struct(A), lambda writer: writer.union("s", 4, []), False),
        (_enum("A", "B___x"), _enum("B", "C", "A"), True),
        (_enum("A", "D"), _enum("B", "C", "A"), False),
        (_enum("A"), _enum("A", size=8), False),
        (_enum("A", size=8), lambda writer: writer.enum64("e", [("A", 5)]), True),
        (_array(3), _array(3), True),
        (_array(3), _array(4), False),
        (_call(_void, _number()), _call(_void, _number()), True),
        (_call(_void, _number()), _call(_void, _number(8)), False),
        (_call(_void, _number()), _call(_number(), _number()), False),
        (_call(_void, _number()), _call(_void), False),
        (_void, _void, True),
        (_void, _number(name=""), False),
        (lambda writer: writer.typedef("t", _number()(writer)), _number(), True),
    ],
)
def test_types_match(local: Build, kernel: Build, match: bool) -> None:
    assert _matches(local, kernel) is match


def test_types_nested_too_deep_are_an_error() -> None:
    def deep(writer: BtfWriter) -> int:
        current = writer.integer("number")
        for _ in range(40):
            current = writer.struct("s", 4, [("a", current, 0)])
        return current

    with pytest.raises(BtfError, match="too deep"):
        _matches(deep, deep)


def test_types_that_branch_without_end_are_an_error() -> None:
    def wide(writer: BtfWriter) -> int:
        current = writer.integer("number")
        for _ in range(20):
            current = writer.struct("s", 4, [("a", current, 0), ("b", current, 0)])
        return current

    with pytest.raises(BtfError, match="too deep"):
        _matches(wide, wide)
