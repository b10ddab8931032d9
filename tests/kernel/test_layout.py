"""Offsets and sizes of members, compared with what the ABI gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.code import Code
from kfmap.kernel.layout import Layout
from tests.kernel.small_kernel import SET_C, read_code


@pytest.mark.parametrize(
    ("members", "offsets", "size"),
    [
        ("u8 a; u32 b; u8 c;", [0, 4, 8], 12),
        ("u8 a; u64 b;", [0, 8], 16),
        ("char a[5]; u16 b[3]; bool c;", [0, 6, 12], 14),
        ("unsigned long a; unsigned int b, c; unsigned short d;", [0, 8, 12, 16], 24),
        ("long long a; unsigned char b; size_t c;", [0, 8, 16], 24),
        ("struct list *a, b; struct never *c;", [0, 8, 24], 32),
        ("int (*a)(int, char); void __rcu *b; const char *c[2];", [0, 8, 16], 32),
        ("enum kind a; struct list b;", [0, 8], 24),
        ("union { u64 a; u8 b[12]; } c; u8 d;", [0, 16], 24),
        ("struct { u8 a; u32 b; }; u8 c;", [0, 4, 8], 12),
        ("union { struct { u32 a; u32 b; }; u64 c; }; u8 d;", [0, 4, 0, 8], 16),
        ("counter_t a; u8 b; node_t c;", [0, 8, 16], 32),
        ("u8 a[COUNT]; u8 b[COUNT * 2][2]; u8 c[];", [0, 3, 15], 15),
        ("u32 a; u8 pad[0]; u32 b;", [0, 4, 4], 8),
    ],
)
def test_members_are_where_the_compiler_puts_them(
    tmp_path: Path, members: str, offsets: list[int], size: int
) -> None:
    layout = _lay_out(tmp_path, members)
    assert [member.offset for member in layout.members] == offsets
    assert layout.size == size


@pytest.mark.parametrize(
    "members",
    [
        "u8 first; unheard_of a; u8 b;",
        "u8 first; struct unheard a; u8 b;",
        "u8 first; u8 a[N]; u8 b;",
    ],
)
def test_what_follows_a_member_of_unknown_size_has_no_offset(tmp_path: Path, members: str) -> None:
    layout = _lay_out(tmp_path, members)
    assert layout.members[0].offset == 0
    assert layout.members[2].offset is None
    assert layout.size is None


def test_bit_fields_make_what_follows_unknown(tmp_path: Path) -> None:
    layout = _lay_out(tmp_path, "u32 a; u32 b : 3; u32 c;")
    assert [member.offset for member in layout.members][-1] is None


def test_members_under_options_are_laid_out_when_on(tmp_path: Path) -> None:
    text = "\n#ifdef CONFIG_NET\nu64 a;\n#endif\n#ifdef CONFIG_OFF\nu64 b;\n#endif\nu8 c;\n"
    assert [(m.name, m.offset) for m in _lay_out(tmp_path, text).members] == [("a", 0), ("c", 8)]


def test_a_struct_inside_itself_comes_to_an_end(tmp_path: Path) -> None:
    assert _lay_out(tmp_path, "struct the a; u8 b;").size is None


def test_offsetof_and_sizeof_are_values(tmp_path: Path) -> None:
    code = _code(tmp_path, "u8 a; u64 b; void (*c)(void);")
    values = {
        "offsetof(struct the, c)": 16,
        "sizeof(struct the)": 24,
        "sizeof(void (*)(void))": 8,
        "offsetof(struct the, c) / sizeof(void (*)(void)) + COUNT": 5,
        "offsetof(struct the, nothing)": None,
    }
    assert {text: code.evaluate(text, SET_C) for text in values} == values


_BEFORE = """\
#define COUNT 3
enum kind { A, B };
struct list { struct list *next, *prev; };
typedef u64 counter_t;
typedef struct {
    counter_t a;
    u8 b;
} node_t;
"""


def _code(root: Path, members: str) -> Code:
    spelled = members.replace("; ", ";\n    ")
    return read_code(root, {SET_C: f"{_BEFORE}struct the {{\n    {spelled}\n}};\n"})


def _lay_out(root: Path, members: str) -> Layout:
    code = _code(root, members)
    item = code.type("struct", "the", SET_C)
    assert item is not None
    return code.layout(item)
