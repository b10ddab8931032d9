"""A CO-RE relocation of a field, a type or an enumerator has the value that libbpf gives it."""

from __future__ import annotations

import pytest

from kfmap.btf.core import POISONED, REFUSED, RESOLVED
from kfmap.btf.ext import CoreKind
from kfmap.btf.kinds import INT_SIGNED
from tests.btf.btf_writer import BtfWriter
from tests.btf.core_types import Build, moved_task, nothing, resolve, task, task_flavor


@pytest.mark.parametrize("local", [task, task_flavor])
def test_field_offset_is_that_of_the_kernel(local: Build) -> None:
    access = "0:1" if local is task else "0:0"
    found = resolve(local, moved_task, access, CoreKind.FIELD_BYTE_OFFSET)
    assert (found.outcome, found.value, found.candidates) == (RESOLVED, 28, 1)
    assert found.expected == (4 if local is task else 0)


def test_field_exists_is_a_value_either_way() -> None:
    def exists(access: str, kernel: Build) -> tuple[str, int]:
        return resolve(task, kernel, access, CoreKind.FIELD_EXISTS)[:2]

    assert exists("0:1", moved_task) == (RESOLVED, 1)
    assert exists("0:0", moved_task) == (RESOLVED, 0)
    assert exists("0:0", nothing) == (RESOLVED, 0)


@pytest.mark.parametrize(
    "kind",
    [CoreKind.FIELD_BYTE_OFFSET, CoreKind.FIELD_BYTE_SIZE, CoreKind.FIELD_SIGNED],
)
def test_missing_field_poisons(kind: CoreKind) -> None:
    missing = resolve(task, moved_task, "0:0", kind)
    assert (missing.outcome, missing.reason) == (
        POISONED,
        "struct task has no field pid on this kernel",
    )
    absent = resolve(task, nothing, "0:0", kind)
    assert (absent.outcome, absent.reason) == (POISONED, "struct task is not in the kernel")
    assert (missing.candidates, absent.candidates) == (1, 0)


def _with_field(type_of_field: Build) -> Build:
    def build(writer: BtfWriter) -> int:
        field = type_of_field(writer)
        return writer.struct("s", 64, [("f", field, 64)])

    return build


def _unsigned(size: int) -> Build:
    return lambda writer: writer.integer(f"u{8 * size}", size)


def _signed(size: int) -> Build:
    return lambda writer: writer.integer(f"s{8 * size}", size, INT_SIGNED)


def _pointer(writer: BtfWriter) -> int:
    return writer.pointer(writer.integer("char", 1))


def _array(length: int, size: int = 4) -> Build:
    return lambda writer: writer.array(_unsigned(size)(writer), length)


def _grid(writer: BtfWriter) -> int:
    return writer.array(_array(3)(writer), 2)


def _inner(writer: BtfWriter) -> int:
    return writer.struct("inner", 4)


def _outer_union(writer: BtfWriter) -> int:
    return writer.union("outer", 4)


def _enum(name: str) -> Build:
    return lambda writer: writer.enum(name, [("A", 1)])


@pytest.mark.parametrize(
    ("local", "kernel", "fits"),
    [
        (_unsigned(4), _signed(8), True),
        (_unsigned(8), _pointer, False),
        (_inner, _outer_union, True),
        (_inner, _pointer, False),
        (_array(4), _array(9, 8), True),
        (_array(4), _unsigned(4), False),
        (_enum("e"), _enum("e___old"), True),
        (_enum("e"), _enum(""), True),
        (_enum("e"), _enum("other"), False),
        (_enum("e"), lambda writer: writer.enum64("e", []), True),
        (lambda writer: writer.forward("x"), lambda writer: writer.forward("y"), False),
    ],
)
def test_field_of_another_type_is_another_field(local: Build, kernel: Build, fits: bool) -> None:
    found = resolve(_with_field(local), _with_field(kernel), "0:0", CoreKind.FIELD_EXISTS)
    assert found[:2] == (RESOLVED, int(fits))


@pytest.mark.parametrize(
    ("local", "kernel", "size", "bad_access"),
    [
        (_unsigned(4), _unsigned(4), 0, False),
        (_unsigned(4), _unsigned(8), 8, False),
        (_signed(4), _unsigned(8), 8, True),
        (_enum("e"), lambda writer: writer.enum("e", [], size=8), 8, True),
        (_array(4), _array(4), 0, False),
        (_array(4), _array(4, 8), 8, True),
    ],
)
def test_loads_change_their_width_only_for_unsigned_numbers(
    local: Build, kernel: Build, size: int, bad_access: bool
) -> None:
    found = resolve(_with_field(local), _with_field(kernel), "0:0", CoreKind.FIELD_BYTE_OFFSET)
    assert (found.value, found.size, found.bad_access) == (8, size, bad_access)


def test_size_and_sign_of_a_field() -> None:
    local, kernel = _with_field(_unsigned(4)), _with_field(_signed(2))
    assert resolve(local, kernel, "0:0", CoreKind.FIELD_BYTE_SIZE)[:3] == (RESOLVED, 2, 4)
    assert resolve(local, kernel, "0:0", CoreKind.FIELD_SIGNED)[:3] == (RESOLVED, 1, 0)
    assert resolve(local, kernel, "0:0", CoreKind.FIELD_RSHIFT_U64)[:3] == (RESOLVED, 48, 32)


@pytest.mark.parametrize(("byteorder", "left"), [("little", 64 - 13), ("big", 32 + 10)])
def test_bitfields_are_read_by_shifts(byteorder: str, left: int) -> None:
    def build(writer: BtfWriter) -> int:
        return writer.struct("s", 8, [("f", writer.integer("unsigned int"), 42, 3)])

    def value(kind: CoreKind) -> tuple[int, int | None]:
        return resolve(build, build, "0:0", kind, byteorder)[1:3]

    assert value(CoreKind.FIELD_BYTE_OFFSET) == (4, None)
    assert value(CoreKind.FIELD_BYTE_SIZE) == (4, None)
    assert value(CoreKind.FIELD_LSHIFT_U64) == (left, None)
    assert value(CoreKind.FIELD_RSHIFT_U64) == (61, 61)


def test_bitfield_across_words_is_read_with_a_wider_load() -> None:
    def build(bit_offset: int, bits: int) -> Build:
        return lambda writer: writer.struct(
            "s", 16, [("f", writer.integer("unsigned int"), bit_offset, bits)]
        )

    near, far = build(0, 4), build(30, 8)
    assert resolve(near, far, "0:0", CoreKind.FIELD_BYTE_SIZE)[:2] == (RESOLVED, 8)
    beyond = resolve(near, build(60, 8), "0:0", CoreKind.FIELD_BYTE_SIZE)
    assert (beyond.outcome, "does not fit into 64 bits" in beyond.reason) == (REFUSED, True)


# arrays


@pytest.mark.parametrize(
    ("access", "kernel", "outcome"),
    [
        ("0:0:3", _array(4, 8), (RESOLVED, 8 + 3 * 8)),
        ("0:0:3", _array(3, 8), (POISONED, 0)),
        ("0:0:3", _array(0, 8), (RESOLVED, 8 + 3 * 8)),  # flexible: the last member
        ("2:0:1", _array(4), (RESOLVED, 2 * 64 + 8 + 4)),
    ],
)
def test_array_elements_must_exist(access: str, kernel: Build, outcome: tuple[str, int]) -> None:
    local, kernel = _with_field(_array(4)), _with_field(kernel)
    assert resolve(local, kernel, access, CoreKind.FIELD_BYTE_OFFSET)[:2] == outcome


def test_array_of_no_length_before_other_members_has_no_elements() -> None:
    def kernel(writer: BtfWriter) -> int:
        empty = _array(0)(writer)
        return writer.struct("s", 8, [("f", empty, 64), ("g", _unsigned(4)(writer), 64)])

    found = resolve(_with_field(_array(4)), kernel, "0:0:0", CoreKind.FIELD_EXISTS)
    assert found[:2] == (RESOLVED, 0)


def test_array_elements_have_an_offset_and_a_size_only() -> None:
    local = _with_field(_grid)
    assert resolve(local, local, "0:0:1:2", CoreKind.FIELD_BYTE_OFFSET)[:2] == (RESOLVED, 28)
    assert resolve(local, local, "0:0:1", CoreKind.FIELD_BYTE_SIZE)[:2] == (RESOLVED, 12)
    assert resolve(local, local, "0:0:1:2", CoreKind.FIELD_SIGNED).outcome == REFUSED


# types


def test_type_exists_and_has_a_size() -> None:
    exists = resolve(task, moved_task, "0", CoreKind.TYPE_EXISTS)
    size = resolve(task, moved_task, "0", CoreKind.TYPE_SIZE)
    assert (exists[:3], size[:3]) == ((RESOLVED, 1, 1), (RESOLVED, 64, 16))


@pytest.mark.parametrize(
    "kind", [CoreKind.TYPE_EXISTS, CoreKind.TYPE_SIZE, CoreKind.TYPE_ID_TARGET]
)
def test_missing_type_is_zero(kind: CoreKind) -> None:
    assert resolve(task, nothing, "0", kind)[:2] == (RESOLVED, 0)


def test_type_ids_of_object_and_kernel() -> None:
    own = resolve(task, nothing, "0", CoreKind.TYPE_ID_LOCAL)
    theirs = resolve(task, moved_task, "0", CoreKind.TYPE_ID_TARGET)
    assert (own[:3], theirs[:3]) == ((RESOLVED, 2, None), (RESOLVED, 3, None))


def test_typedef_is_compared_with_the_typedef() -> None:
    def typedef(of: Build) -> Build:
        return lambda writer: writer.typedef("handler", of(writer))

    def exists(kernel: Build) -> int:
        return resolve(typedef(_unsigned(4)), kernel, "0", CoreKind.TYPE_EXISTS).value

    assert exists(typedef(_signed(8))) == 1
    assert exists(typedef(_pointer)) == 0
    assert exists(_with_field(_unsigned(4))) == 0


# enumerators


def _colors(red: int, signed: bool = False) -> Build:
    return lambda writer: writer.enum("color", [("RED", red), ("BLUE___x", 7)], signed=signed)


def _wide_colors(writer: BtfWriter) -> int:
    return writer.enum64("color", [("BLUE", 1 << 40), ("RED___old", 1 << 50)])


def test_enumerator_values_are_those_of_the_kernel() -> None:
    def value(access: str, kernel: Build) -> tuple[str, int]:
        return resolve(_colors(1), kernel, access, CoreKind.ENUMVAL_VALUE)[:2]

    assert value("0", _colors(5)) == (RESOLVED, 5)
    assert value("0", _wide_colors) == (RESOLVED, 1 << 50)
    assert value("1", _wide_colors) == (RESOLVED, 1 << 40)


@pytest.mark.parametrize("signed", [False, True])
def test_enumerators_of_32_bits_are_sign_extended(signed: bool) -> None:
    kernel = _colors(-2 if signed else 0xFFFFFFFE, signed)
    found = resolve(_colors(1), kernel, "0", CoreKind.ENUMVAL_VALUE)
    assert found[:2] == (RESOLVED, (1 << 64) - 2)


def test_missing_enumerator_poisons_its_value() -> None:
    def only_blue(writer: BtfWriter) -> int:
        return writer.enum("color", [("BLUE", 1)])

    exists = resolve(_colors(1), only_blue, "0", CoreKind.ENUMVAL_EXISTS)
    value = resolve(_colors(1), only_blue, "0", CoreKind.ENUMVAL_VALUE)
    assert (exists[:2], value.outcome) == ((RESOLVED, 0), POISONED)
