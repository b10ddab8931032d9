"""BTF is read back as it was written, for every kind and in both byte orders."""

from __future__ import annotations

import struct

import pytest

from kfmap.btf.kinds import EXTERN, INT_BOOL, INT_SIGNED, Kind
from kfmap.btf.read import Array, Btf, BtfError, Enumerator, Integer, Member, Param, Tag, read_btf
from tests.btf.btf_writer import BtfWriter

pytestmark = pytest.mark.parametrize("byteorder", ["little", "big"])


def test_read_void_only_knows_no_types(byteorder: str) -> None:
    btf = read_btf(BtfWriter(byteorder).build())
    assert (len(btf), btf.kind(0), btf.name(0), btf.find("int")) == (1, Kind.UNKN, "", None)


def test_read_integer_keeps_encoding(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.integer("_Bool", 1, INT_BOOL)
    writer.integer("long int", 8, INT_SIGNED)
    btf = read_btf(writer.build())
    assert btf.integer(1) == Integer(INT_BOOL, 0, 8)
    assert (btf.name(2), btf.size(2), btf.integer(2).encoding) == ("long int", 8, INT_SIGNED)


def test_read_references_lead_to_their_type(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    kinds = (Kind.PTR, Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG)
    ids = [writer.add(kind, kind.name, base) for kind in kinds]
    btf = read_btf(writer.build())
    assert [btf.kind(type_id) for type_id in ids] == list(kinds)
    assert {btf.type_of(type_id) for type_id in ids} == {base}


def test_read_struct_gives_members_and_bitfields(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    writer.struct("plain", 8, [("a", base, 0), ("b", base, 32)])
    writer.struct("packed", 4, [("low", base, 0, 3), ("high", base, 3, 29)])
    btf = read_btf(writer.build())
    assert btf.members(2) == (Member("a", base, 0, 0), Member("b", base, 32, 0))
    assert btf.members(3) == (Member("low", base, 0, 3), Member("high", base, 3, 29))
    assert (btf.kind_flag(2), btf.kind_flag(3), btf.vlen(3)) == (False, True, 2)


def test_read_enums_give_signed_and_unsigned_values(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.enum("unsigned", [("A", 0xFFFFFFFF)])
    writer.enum("signed", [("B", -1)], signed=True)
    writer.enum64("wide", [("C", 1 << 63)])
    writer.enum64("negative", [("D", -2)], signed=True)
    btf = read_btf(writer.build())
    values = [btf.enumerators(type_id)[0] for type_id in range(1, 5)]
    expected = [("A", 0xFFFFFFFF), ("B", -1), ("C", 1 << 63), ("D", -2)]
    assert values == [Enumerator(*pair) for pair in expected]


def test_read_function_gives_prototype_and_linkage(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    function = writer.function("f", base, [("count", base), ("", 0)], EXTERN)
    btf = read_btf(writer.build())
    prototype = btf.type_of(function)
    assert (btf.linkage(function), btf.type_of(prototype)) == (EXTERN, base)
    assert btf.params(prototype) == (Param("count", base), Param("", 0))


def test_read_section_gives_variables(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    variable = writer.variable("counter", base)
    section = writer.section(".data", 4, [(variable, 0, 4)])
    btf = read_btf(writer.build())
    assert btf.variables(section)[0] == (variable, 0, 4)
    assert (btf.linkage(variable), btf.size(variable), btf.size(section)) == (1, 4, 4)


def test_read_array_float_and_forward(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    array = writer.array(base, 3, base)
    real = writer.add(Kind.FLOAT, "double", 8)
    forward = writer.forward("later", union=True)
    btf = read_btf(writer.build())
    assert (btf.array(array), btf.size(array)) == (Array(base, base, 3), 12)
    assert (btf.kind(real), btf.size(real)) == (Kind.FLOAT, 8)
    assert (btf.kind(forward), btf.kind_flag(forward)) == (Kind.FWD, True)


def test_tags_are_found_from_what_they_are_on(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    function = writer.function("f", 0, [("p", writer.integer("int"))])
    writer.declaration_tag("bpf_kfunc", function)
    writer.declaration_tag("arg:nonnull", function, 0)
    btf = read_btf(writer.build())
    assert btf.tags(function) == (Tag("bpf_kfunc", -1), Tag("arg:nonnull", 0))
    assert btf.tags(1) == ()


def test_size_goes_through_typedefs_and_arrays(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    rows = writer.array(writer.typedef("word", writer.const(writer.integer("short", 2))), 4)
    grid = writer.array(rows, 5)
    pointer = writer.pointer(grid)
    btf = read_btf(writer.build())
    assert (btf.size(grid), btf.size(pointer)) == (40, 8)


def test_resolve_strips_modifiers_and_typedefs(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    typedef = writer.typedef("number", base)
    tagged = writer.type_tag("user", writer.const(typedef))
    btf = read_btf(writer.build())
    assert btf.resolve(tagged) == btf.resolve(typedef) == base


def test_find_gives_all_types_of_a_name_in_order(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    first = writer.struct("task", 4)
    alias = writer.typedef("task", first)
    second = writer.struct("task", 8)
    btf = read_btf(writer.build())
    assert btf.find_all("task") == (first, alias, second)
    assert btf.find("task", Kind.TYPEDEF) == alias
    assert btf.find_all("task", Kind.STRUCT, Kind.UNION) == (first, second)
    assert btf.find("task", Kind.ENUM) is None
    assert btf.find("") is None


def test_find_takes_equal_names_stored_twice(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    first = writer.struct("task", 4)
    writer._offsets.pop("task")  # so that the string is written again
    second = writer.struct("task", 8)
    assert read_btf(writer.build()).find_all("task") == (first, second)


def test_few_types_are_found_without_the_names_of_all(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.struct(".data", 4)
    base = writer.integer("int")
    variable, again = writer.variable("count", base), writer.variable("count", base)
    section = writer.section(".data", 4, [(variable, 0, 4)])
    last = writer.section(".data", 4, [(again, 0, 4)])
    btf = read_btf(writer.build())
    assert tuple(btf.sections(".data")) == (section, last)
    assert not tuple(btf.sections(".bss"))
    assert btf.first_of(Kind.DATASEC, Kind.VAR) == {"count": variable, ".data": section}
    assert btf.mentions("dat") and not btf.mentions("date")


def test_find_flavors_ignores_the_last_suffix(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    plain = writer.struct("task", 4)
    flavored = writer.struct("task___old", 4)
    double = writer.struct("task___old___older", 4)
    btf = read_btf(writer.build())
    assert btf.find_flavors("task___mine") == (plain, flavored)
    assert btf.find_flavors("task___old___mine") == (double,)


def test_ids_of_gives_all_types_of_a_kind(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    base = writer.integer("int")
    pointers = (writer.pointer(base), writer.pointer(0))
    assert tuple(read_btf(writer.build()).ids_of(Kind.PTR)) == pointers


def test_names_outside_ascii_and_utf8_are_readable(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.struct("größe", 4)
    damaged = writer.build().replace("größe".encode(), b"gr\xff\xfe\xfd\xfce")
    assert read_btf(writer.build()).find("größe") == 1
    assert read_btf(damaged).name(1) == "gr\\xff\\xfe\\xfd\\xfce"


def test_layout_section_lets_unknown_kinds_pass(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.add(30, "future", 0, [1, 2, 3, 4, 5], vlen=2)
    known = writer.integer("int")
    sizes = bytearray(4 * 31)
    sizes[4 * 30 : 4 * 30 + 2] = bytes([4, 8])
    btf = read_btf(writer.build(bytes(sizes)))
    assert (btf.kind(1), btf.name(1), btf.find("int")) == (Kind.UNKN, "future", known)


def _error(data: bytes) -> str:
    with pytest.raises(BtfError) as caught:
        read_btf(data)
    return str(caught.value)


def _with_word(data: bytes, byteorder: str, at: int, value: int) -> bytes:
    return data[:at] + value.to_bytes(4, byteorder) + data[at + 4 :]  # type: ignore[arg-type]


def test_broken_header_is_refused_with_the_reason(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.integer("int")
    good = writer.build()
    assert "less than a BTF header" in _error(good[:20])
    assert "magic number" in _error(b"\x7fELF" + good[4:])
    assert "version 2" in _error(good[:2] + b"\x02" + good[3:])
    assert "header length 4096" in _error(_with_word(good, byteorder, 4, 4096))
    assert "not a multiple of 4" in _error(_with_word(good, byteorder, 12, 15))


def test_truncated_btf_is_refused_at_every_byte(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.struct("task", 8, [("a", writer.integer("int"), 0)])
    good = writer.build()
    for length in range(len(good)):
        assert "truncated" in (message := _error(good[:length])) or "header" in message


def test_unknown_kind_is_refused_with_its_place(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.integer("int")
    writer.add(99, "what")
    assert "type 2 at byte 16 of the type section has kind 99" in _error(writer.build())


def test_huge_vlen_is_refused(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.add(Kind.STRUCT, "vast", 4, [], vlen=0xFFFFFF)
    assert "in the middle of type 1" in _error(writer.build())


def test_strings_without_end_are_refused(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.integer("int")
    assert "zero byte" in _error(writer.build()[:-1] + b"x")


def test_ids_and_offsets_out_of_range_are_errors_where_they_are_used(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.pointer(1000)
    writer.types[:4] = struct.pack(f"{writer.mark}I", 5000)
    btf = read_btf(writer.build())
    for use in (lambda: btf.name(1), lambda: btf.kind(btf.type_of(1)), lambda: btf.find("x")):
        with pytest.raises(BtfError, match="outside"):
            use()


def test_asking_a_type_for_what_it_has_not_is_an_error(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.integer("int")
    btf = read_btf(writer.build())
    for ask in (btf.members, btf.params, btf.array, btf.type_of, btf.enumerators, btf.variables):
        with pytest.raises(BtfError, match="type 1 is INT, expected"):
            ask(1)


def test_loops_of_types_end(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.typedef("egg", 2)
    writer.typedef("hen", 1)
    writer.array(3, 1 << 31)
    btf = read_btf(writer.build())
    for use in (btf.resolve, btf.size):
        with pytest.raises(BtfError, match="does not end"):
            use(1)
    with pytest.raises(BtfError, match="does not end"):
        btf.size(3)


def test_overlapping_strings_do_not_fill_the_memory(byteorder: str) -> None:
    writer = BtfWriter(byteorder)
    writer.string("x" * 4000)
    for offset in range(1, 2000):
        writer.add(Kind.STRUCT)
        at = len(writer.types) - 12
        writer.types[at : at + 4] = struct.pack(f"{writer.mark}I", offset)
    btf: Btf = read_btf(writer.build())
    with pytest.raises(BtfError, match="overlap"):
        btf.find("x")
