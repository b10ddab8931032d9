"""Externs fit the kernel's functions and variables as libbpf judges it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kfmap.btf.compat import (
    FOUND,
    INCOMPATIBLE,
    MISSING,
    resolve_function,
    resolve_variable,
    types_are_compatible,
)
from kfmap.btf.kinds import EXTERN, INT_SIGNED, Kind
from kfmap.btf.read import Btf, BtfError, read_btf
from tests.btf.btf_writer import BtfWriter

Build = Callable[[BtfWriter], int]


def _btf(build: Build) -> tuple[Btf, int]:
    writer = BtfWriter()
    type_id = build(writer)
    return read_btf(writer.build()), type_id


def _insert(writer: BtfWriter) -> int:
    task = writer.pointer(writer.struct("task_struct", 8))
    return writer.function("insert", 0, [("p", task), ("id", writer.integer("u64", 8))])


def _insert_with_other_names(writer: BtfWriter) -> int:
    """The same for libbpf: names, integer sizes, const and typedefs do not count."""
    task = writer.pointer(writer.const(writer.struct("other", 99)))
    number = writer.typedef("s32", writer.integer("int", 4, INT_SIGNED))
    return writer.function("insert", 0, [("a", task), ("b", number)], EXTERN)


def _insert_with_three_params(writer: BtfWriter) -> int:
    task = writer.pointer(writer.struct("task_struct", 8))
    number = writer.integer("u64", 8)
    return writer.function("insert", 0, [("p", task), ("id", number), ("flags", number)], EXTERN)


def _insert_that_gives_a_number(writer: BtfWriter) -> int:
    task = writer.pointer(writer.struct("task_struct", 8))
    number = writer.integer("u64", 8)
    return writer.function("insert", number, [("p", task), ("id", number)], EXTERN)


def _insert_of_a_union(writer: BtfWriter) -> int:
    task = writer.pointer(writer.union("task_struct", 8))
    return writer.function("insert", 0, [("p", task), ("id", writer.integer("u64", 8))], EXTERN)


def _insert_of_void_pointer(writer: BtfWriter) -> int:
    number = writer.integer("u64", 8)
    return writer.function("insert", 0, [("p", writer.pointer(0)), ("id", number)], EXTERN)


@pytest.mark.parametrize(
    ("build", "outcome"),
    [
        (_insert, FOUND),
        (_insert_with_other_names, FOUND),
        (_insert_with_three_params, INCOMPATIBLE),
        (_insert_that_gives_a_number, INCOMPATIBLE),
        (_insert_of_a_union, INCOMPATIBLE),
        (_insert_of_void_pointer, INCOMPATIBLE),
    ],
)
def test_extern_function_against_the_kernel(build: Build, outcome: str) -> None:
    kernel, _ = _btf(_insert)
    local, function = _btf(build)
    assert resolve_function(local, function, kernel, "insert") == outcome
    assert resolve_function(local, local.type_of(function), kernel, "insert") == outcome


def test_extern_function_that_the_kernel_lacks_is_missing() -> None:
    kernel, _ = _btf(lambda writer: writer.struct("insert", 8))
    local, function = _btf(_insert)
    assert resolve_function(local, function, kernel, "insert") == MISSING


def test_extern_variable_against_the_kernel() -> None:
    kernel, _ = _btf(lambda writer: writer.variable("runqueues", writer.struct("rq", 64)))
    local, variable = _btf(lambda writer: writer.variable("runqueues", writer.struct("rq", 8)))
    other, number = _btf(lambda writer: writer.variable("runqueues", writer.integer("int")))
    assert resolve_variable(local, variable, kernel, "runqueues") == FOUND
    assert resolve_variable(other, number, kernel, "runqueues") == INCOMPATIBLE
    assert resolve_variable(local, variable, kernel, "jiffies") == MISSING


def test_variables_are_compared_through_typedefs_on_both_sides() -> None:
    def build(writer: BtfWriter) -> int:
        flag = writer.add(Kind.TYPEDEF, "bool", writer.integer("_Bool"))
        return writer.variable("async_pf_enabled", flag)

    kernel, variable = _btf(build)
    plain, number = _btf(lambda writer: writer.variable("async_pf_enabled", writer.integer("int")))
    assert resolve_variable(kernel, variable, kernel, "async_pf_enabled") == FOUND
    assert resolve_variable(plain, number, kernel, "async_pf_enabled") == FOUND


def test_enum_and_enum64_are_compatible() -> None:
    local, narrow = _btf(lambda writer: writer.enum("e", []))
    kernel, wide = _btf(lambda writer: writer.enum64("other", []))
    assert types_are_compatible(local, narrow, kernel, wide)


def test_integers_that_are_bitfields_are_not_compatible() -> None:
    local, plain = _btf(lambda writer: writer.integer("int"))
    kernel, bitfield = _btf(lambda writer: writer.integer("int", bit_offset=3))
    assert not types_are_compatible(local, plain, kernel, bitfield)


def test_floats_are_never_compatible() -> None:
    local, real = _btf(lambda writer: writer.add(Kind.FLOAT, "double", 8))
    assert not types_are_compatible(local, real, local, real)


def _pointers(count: int) -> Build:
    def build(writer: BtfWriter) -> int:
        type_id = writer.integer("int")
        for _ in range(count):
            type_id = writer.pointer(type_id)
        return type_id

    return build


def test_libbpf_gives_up_after_32_pointers() -> None:
    near, last = _btf(_pointers(31))
    assert types_are_compatible(near, last, near, last)
    far, end = _btf(_pointers(32))
    with pytest.raises(BtfError, match="too deep"):
        types_are_compatible(far, end, far, end)


def test_prototypes_that_branch_without_end_are_incompatible_at_once() -> None:
    def build(writer: BtfWriter) -> int:
        callback = writer.pointer(3)
        writer.pointer(0)
        writer.prototype(0, [(f"p{n}", callback) for n in range(8)])
        return writer.add(Kind.FUNC, "insert", 3)

    local, function = _btf(build)
    assert resolve_function(local, function, local, "insert") == INCOMPATIBLE
