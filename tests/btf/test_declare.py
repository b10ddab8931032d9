"""Declarations are written as vmlinux.h has them."""

from __future__ import annotations

import pytest

from kfmap.btf.declare import declare, declare_function
from kfmap.btf.kinds import Kind
from kfmap.btf.read import BtfError, read_btf
from tests.btf.btf_writer import BtfWriter


def test_declare_function_names_params_and_their_structs() -> None:
    writer = BtfWriter()
    u64 = writer.typedef("u64", writer.integer("long long unsigned int", 8))
    task = writer.pointer(writer.struct("task_struct", 64))
    f = writer.function("scx_insert", writer.typedef("bool", 1), [("p", task), ("id", u64)])
    btf = read_btf(writer.build())
    assert declare_function(btf, f) == "bool scx_insert(struct task_struct *p, u64 id)"


def test_declare_function_without_and_with_open_params() -> None:
    writer = BtfWriter()
    none = writer.function("none")
    text = writer.pointer(writer.const(writer.integer("char", 1)))
    more = writer.function("print", 0, [("fmt", text), ("", 0)])
    btf = read_btf(writer.build())
    assert declare_function(btf, none) == "void none(void)"
    assert declare_function(btf, more) == "void print(const char *fmt, ...)"


def test_declare_qualifiers_stand_where_c_has_them() -> None:
    writer = BtfWriter()
    char = writer.integer("char", 1)
    fixed = writer.const(writer.pointer(writer.add(Kind.VOLATILE, "", char)))
    table = writer.array(writer.pointer(writer.prototype(fixed)), 4)
    rows = writer.pointer(writer.array(writer.type_tag("user", writer.const(char)), 8))
    btf = read_btf(writer.build())
    assert declare(btf, fixed, "p") == "volatile char *const p"
    assert declare(btf, table, "table") == "volatile char *const (*table[4])(void)"
    assert declare(btf, rows, "rows") == "const char (*rows)[8]"


def test_declare_types_without_a_name_of_the_variable() -> None:
    writer = BtfWriter()
    anonymous = writer.union("", 4)
    color = writer.enum("color", [("RED", 0)])
    later = writer.forward("later", union=True)
    btf = read_btf(writer.build())
    written = [declare(btf, type_id) for type_id in (0, anonymous, color, later)]
    assert written == ["void", "union { ... }", "enum color", "union later"]


def test_declare_refuses_types_without_end() -> None:
    writer = BtfWriter()
    writer.pointer(1)
    writer.pointer(writer.prototype(0, [("self", 2), ("again", 2)]))
    btf = read_btf(writer.build())
    with pytest.raises(BtfError, match="too deep"):
        declare(btf, 1, "p")
