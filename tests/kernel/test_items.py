"""The top level of a file, found without parsing it."""

from __future__ import annotations

import pytest

from kfmap.kernel.items import Item, split_items
from kfmap.kernel.source import read_source


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int f(void)\n{\n}\n", "f"),
        ("static __always_inline bool f(int a,\n                int b)\n{\n}\n", "f"),
        ("__bpf_kfunc struct cgroup *f(struct task *p) { }\n", "f"),
        (
            "static void f(struct rq *rq)\n    __releases(rq->lock)\n    __must_hold(&x)\n{\n}\n",
            "f",
        ),
        ("static __printf(1, 2) void f(const char *s, ...)\n{\n}\n", "f"),
        ("int f(int (*callback)(void))\n{\n}\n", "f"),
        ("static int __init f(void) __cold\n{\n}\n", "f"),
        ("BTF_ID_LIST(ids)\nBTF_ID(func, a)\n\nstatic int f(void)\n{\n}\n", "f"),
        ("__bpf_kfunc_start_defs();\n\n__bpf_kfunc void f(void)\n{\n}\n", "f"),
    ],
)
def test_functions_are_named_whatever_is_around_them(text: str, name: str) -> None:
    assert [item.function for item in _split(text) if item.function] == [name]


def test_the_line_of_a_function_is_that_of_its_name() -> None:
    (item,) = _split("LIST(a)\nLIST(b)\n\nstatic int\nf(void)\n{\n}\n")
    assert (item.function, item.line, item.function_line) == ("f", 1, 5)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("static struct ops the_ops = {\n    .a = f(1),\n};\n", "the_ops"),
        ("static const u32 table[] = { [IDX(a)] = 1 };\n", "table"),
        ("int grid[2][COUNT(3)] = {\n    { 1 },\n};\n", "grid"),
    ],
)
def test_variables_with_braces_are_named(text: str, name: str) -> None:
    (item,) = _split(text)
    assert (item.variable, item.function) == (name, "")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("struct a {\n    int b;\n};\n", ("struct", "a")),
        ("union a {\n    int b;\n};\n", ("union", "a")),
        ("enum a {\n    B,\n};\n", ("enum", "a")),
        ("enum {\n    B,\n};\n", ("enum", "")),
        ("struct __packed a {\n    int b;\n} __aligned(8);\n", ("struct", "a")),
        ("typedef struct {\n    int b;\n} a_t;\n", ("struct", "")),
    ],
)
def test_types_are_named(text: str, tag: tuple[str, str]) -> None:
    (item,) = _split(text)
    assert item.tag == tag


def test_items_follow_one_another() -> None:
    text = "int a;\nint f(void)\n{\n    if (x) {\n        y;\n    }\n}\nenum { B };\nint g(int);\n"
    assert [(item.line, item.text.split("\n")[0]) for item in _split(text)] == [
        (1, "int a;"),
        (2, "int f(void)"),
        (8, "enum { B };"),
        (9, "int g(int);"),
    ]


def test_a_brace_out_of_balance_costs_its_own_item_only() -> None:
    text = "int f(void)\n{\n    if (x) {\n}\nint g(void)\n{\n    }}\n}\nint h(void)\n{\n}\n"
    assert [item.function for item in _split(text)][0::2][:1] == ["f"]
    assert _split(text)[-1].function == "h"


def _split(text: str) -> list[Item]:
    return split_items(read_source("a.c", text, lambda _: True))
