"""The preprocessor's decisions: what is blank, what stays where it was, which macros hold."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfmap.kernel.architecture import find_architecture
from kfmap.kernel.condition_words import name_condition
from kfmap.kernel.config import read_config
from kfmap.kernel.directives import find_directives
from kfmap.kernel.preprocessor import Conditions
from kfmap.kernel.source import Doubt, Source, read_source


@pytest.mark.parametrize(
    ("condition", "config", "active"),
    [
        ("#ifdef CONFIG_A", "CONFIG_A=y", True),
        ("#ifdef CONFIG_A", "CONFIG_A=m", False),
        ("#ifdef CONFIG_A", "", False),
        ("#ifndef CONFIG_A", "", True),
        ("#if defined(CONFIG_A) && defined CONFIG_B", "CONFIG_A=y\nCONFIG_B=y", True),
        ("#if defined(CONFIG_A) || !defined(CONFIG_B)", "CONFIG_B=y", False),
        ("#if IS_ENABLED(CONFIG_A)", "CONFIG_A=m", True),
        ("#if IS_BUILTIN(CONFIG_A)", "CONFIG_A=m", False),
        ("#if IS_MODULE(CONFIG_A)", "CONFIG_A=m", True),
        ("#if CONFIG_HZ > 100", "CONFIG_HZ=250", True),
        ("#if CONFIG_HZ > 100", "CONFIG_HZ=100", False),
        ("#if 0", "", False),
        ("#if BITS_PER_LONG == 64", "", True),
        ("#ifdef __KERNEL__", "", True),
        ("#ifdef UNHEARD_OF", "", False),
        ("# if 1", "", True),
        ("#if (1 + 1) * 2 == 4 \\\n    && 1", "", True),
    ],
)
def test_lines_under_a_condition_are_there_when_it_holds(
    condition: str, config: str, active: bool
) -> None:
    source = _read(f"{condition}\nint inside;\n#else\nint other;\n#endif\n", config)
    assert ("inside" in source.code) is active
    assert ("other" in source.code) is not active


def test_only_the_first_branch_that_holds_is_taken() -> None:
    source = _read("#if 0\na\n#elif 1\nb\n#elif 1\nc\n#else\nd\n#endif\n")
    assert source.code.split() == ["b"]


def test_branches_inside_an_inactive_one_are_inactive() -> None:
    source = _read("#if 0\n#if 1\na\n#else\nb\n#endif\n#else\nc\n#endif\n")
    assert source.code.split() == ["c"]


def test_a_condition_that_is_not_known_is_kept_and_named() -> None:
    source = _read("#if SOMETHING > 3\na\n#else\nb\n#endif\n")
    assert source.code.split() == ["a"]
    assert source.doubts == source.undecided == (Doubt(1, 5, "SOMETHING > 3", ()),)


def test_a_macro_that_other_files_may_define_is_kept_and_named() -> None:
    source = _read("#ifdef OWN\na\n#else\nb\n#endif\n")
    assert source.code.split() == ["b"]
    assert source.doubts == (Doubt(1, 5, "defined(OWN)", ("OWN",)),)
    assert not source.undecided


def test_a_macro_of_the_file_decides_within_a_longer_expression() -> None:
    text = "#define OWN\n#if defined(OWN) && !defined(CONFIG_NONE)\na\n#else\nb\n#endif\n"
    assert _read(text).code.split() == ["a"]


def test_an_include_guard_lets_its_file_in() -> None:
    source = _read("#ifndef _X_H\n#define _X_H\nint inside;\n#endif\n")
    assert "inside" in source.code


def test_a_macro_defined_before_counts_as_defined() -> None:
    assert "a" in _read("#define MINE\n#ifdef MINE\na\n#endif\n").code
    assert "a" not in _read("#define MINE\n#undef MINE\n#ifdef MINE\na\n#endif\n").code


def test_macros_hold_from_their_line_to_their_undef() -> None:
    source = _read("#define M(a, ...) first a\nx\n#undef M\ny\n#define M second\nz\n")
    first, last = source.macro_at("M", 2), source.macro_at("M", 6)
    assert first is not None
    assert (first.parameters, first.body) == (("a", ""), "first a")
    assert source.macro_at("M", 4) is None
    assert last is not None
    assert (last.parameters, last.body) == (None, "second")


def test_strings_keep_their_quotes_and_lose_their_contents() -> None:
    source = _read('char *s = "a { \\" #if"; char c = \'{\'; /* } */ int x; // {\n')
    assert "{" not in source.code
    assert "}" not in source.code
    assert source.code.count('"') == 2


def test_includes_say_how_they_are_written() -> None:
    source = _read('#include <linux/a.h>\n#include "b.c"\n#if 0\n#include "c.h"\n#endif\n')
    assert [(i.file, i.quoted) for i in source.includes] == [("linux/a.h", False), ("b.c", True)]


def test_conditions_around_a_line_are_said_from_the_outside_in() -> None:
    text = "#ifdef CONFIG_A\n#if !defined(CONFIG_B) || CONFIG_C\nx\n#endif\n#else\ny\n#endif\n"
    source = _read(text, "CONFIG_A=y")
    assert source.condition_at(3) == "CONFIG_A and not CONFIG_B or CONFIG_C"
    assert source.condition_at(1) == ""


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("defined(CONFIG_A)", "CONFIG_A"),
        ("!IS_ENABLED(CONFIG_A) && X != 2", "not CONFIG_A and X != 2"),
        ("IS_BUILTIN( CONFIG_A )||defined CONFIG_B", "CONFIG_A or CONFIG_B"),
    ],
)
def test_conditions_are_said_in_words(expression: str, words: str) -> None:
    assert name_condition(expression) == words


_PIECES = st.lists(
    st.sampled_from(
        [
            *("#if 1\n", "#if X\n", "#else\n", "#elif 0\n", "#endif\n", "#include <x>\n"),
            *("int a;\n", "/* ", "*/ ", '"', "'", "\\\n", "\n", "}"),
            *("#define A(x) x\n", "#undef A\n"),
        ]
    ),
    max_size=40,
)


@given(_PIECES)
def test_no_text_moves_whatever_is_in_the_file(pieces: list[str]) -> None:
    text = "".join(pieces)
    code = _read(text).code
    assert len(code) == len(text)
    assert [at for at, sign in enumerate(text) if sign == "\n"] == [
        at for at, sign in enumerate(code) if sign == "\n"
    ]
    assert all(was == now or now == " " for was, now in zip(text, code, strict=True))


def _read(text: str, config: str = "") -> Source:
    read = read_config(config.encode())
    return read_source("a.c", text, Conditions(read, find_architecture(read)).decide)


_WRITTEN = (
    *("#", " ", "\t", "\n", "\\\n", "\\", "\r\n", "\\\r\n", "/*", "*/", "//", '"', "'", "*", "/"),
    *("define A", "if A", "ifdef B", "else", "endif", "undef A", "include <a.h>", "B", "(", "##"),
    *("/* c */", "/* c\n */", "define B 1 /* c */", '"s"', '\\"', "\\'", "é"),
)


@given(st.lists(st.sampled_from(_WRITTEN), max_size=40).map("".join))
def test_directives_are_those_of_the_text_without_comments(text: str) -> None:
    plain = _read(text).plain
    rest = r"[^\n\\]*+(?:\\\r?\n[^\n\\]*+|\\[^\n\\]*+)*+"
    sought = re.compile(rf"^[ \t]*#[ \t]*(\w+)({rest})", re.M | re.A)
    assert list(find_directives(text)) == [
        (*match.span(), *match.groups()) for match in sought.finditer(plain)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/* # */ #define A\n", ["define"]),
        ("/*\n# if 0\n*/\n#define A\n", ["define"]),
        ('"/*";\n#define A\n', ["define"]),
        ('"\\\n#define A";\n#undef A\n', ["undef"]),
        ("// /*\n#define A\n// */\n#undef A\n", ["define", "undef"]),
        ("#define A /* c\n#undef A */\n#endif\n", ["define", "endif"]),
        ("#define A '\"' /* it's\n*/\n#undef A\n", ["define", "undef"]),
        ("a # b /* \n*/ #define A\n", ["define"]),
        ("/* open\n#define A\n", []),
    ],
)
def test_what_looks_like_a_directive_in_a_comment_or_a_string_is_none(
    text: str, words: list[str]
) -> None:
    assert [found[2] for found in find_directives(text)] == words


@pytest.mark.parametrize(
    "line", ["#" * 300_000, "/* " + "# " * 150_000, "a\n#\n" * 100_000, "*/ #" * 100_000]
)
def test_many_signs_are_read_once(line: str) -> None:
    end = len(line) + 1
    found = list(find_directives(f"{line}\n#endif"))
    assert found == ([] if line.startswith("/*") else [(end, end + 6, "endif", "")])


@pytest.mark.parametrize(
    "text",
    [
        "enum kind { FIRST, SECOND = 1 };",
        "enum __packed kind\n{ /* } */ FIRST, // }\n SECOND\n};",
        "enum kind { FIRST = '}', SECOND };",
        "enum kind { FIRST = sizeof((struct x){0}), SECOND };",
        "/* an enum kind; */ enum /* { */ kind { FIRST, SECOND };",
        "/* enum { */ enum { FIRST, SECOND };",
        "/* enum { it's */ typedef enum kind {\n#ifdef X(\n FIRST,\n#endif\n SECOND } kind_t;",
        "enum kind\n#if X(1)\n{ FIRST, SECOND\n#endif\n};",
    ],
)
def test_the_names_with_values_are_those_of_macros_and_enums(text: str) -> None:
    assert {"FIRST", "SECOND", "MINE"} <= _read(f"#define MINE 1\n{text}").find_valued()


def test_other_names_have_no_values() -> None:
    text = "enum kind { FIRST };\nint other(enum kind kind);\nstruct one { enum kind member; };"
    assert _read(text).find_valued() == {"FIRST"}


def test_enums_in_one_another_without_end_are_read_once() -> None:
    named = _read("/* enum { /* " * 50_000 + "*/ enum last { FIRST };").find_valued()
    assert "FIRST" in named
