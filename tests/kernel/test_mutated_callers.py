"""A function that registers, called in ways that decide whether it registers at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

OTHER_C = "net/other.c"
BOTH = "obj-y += set.o other.o\n"
REGISTERS = id_set("one").replace("late_initcall(the_init);\n", "")
GLOBAL = REGISTERS.replace("static int __init the_init", "int __init the_init")
START = "static int __init start(void)\n{{\n    int ret;\n{}\n}}\nlate_initcall(start);\n"

# What the function that is called first does; `the_init()` registers.
REACHED = {
    "plain": "return the_init();",
    "behind an option": "if (IS_ENABLED(CONFIG_NET))\n return the_init();\nreturn 0;",
    "after what may fail": "ret = other();\nif (ret)\n return ret;\nreturn the_init();",
    "in a test": "if (the_init())\n return -1;\nreturn 0;",
    "in a chain": "return other() ?: the_init();",
    "before goto": "ret = the_init();\nif (ret)\n goto out;\nout:\nreturn ret;",
}
DOUBTED = {
    "option that is off": "if (IS_ENABLED(CONFIG_NONE))\n return the_init();\nreturn 0;",
    "unknown test": "if (boot_flag())\n return the_init();\nreturn 0;",
    "ternary": "return boot_flag() ? the_init() : 0;",
    "and": "return boot_flag() && the_init();",
    "after return": "return 0;\nreturn the_init();",
    "behind goto": "goto out;\nthe_init();\nout:\nreturn 0;",
    "loop of no round": "int i;\nfor (i = 0; i < 0; i++)\n the_init();\nreturn 0;",
    "switch": "switch (mode()) {\ncase 1:\n return the_init();\n}\nreturn 0;",
}
NOT_CALLED = {
    "file that is not built": (
        "obj-y += set.o\nobj-n += other.o\n",
        START.format(REACHED["plain"]),
    ),
    "branch that is left out": (
        BOTH,
        START.format("#ifdef CONFIG_NONE\nreturn the_init();\n#endif\nreturn 0;"),
    ),
    "comment": (BOTH, "/* the_init() is called by nobody */\nint x;\n"),
    "declaration": (BOTH, "extern int the_init(void);\nint x;\n"),
}
NAMED = {
    "initcall elsewhere": "extern int the_init(void);\nlate_initcall(the_init);\n",
    "table": "static int (*const table[])(void) = { the_init };\n",
}
PARTS = {"net/a.c": '#include "b.c"\n', "net/b.c": INCLUDES + id_set("one")}


@pytest.mark.parametrize("is_beside", [True, False], ids=["beside", "elsewhere"])
@pytest.mark.parametrize("name", REACHED)
def test_a_call_that_is_reached_registers(tmp_path: Path, name: str, is_beside: bool) -> None:
    assert _find_wrong(tmp_path, START.format(REACHED[name]), is_beside) == ([], [])


@pytest.mark.parametrize("is_beside", [True, False], ids=["beside", "elsewhere"])
@pytest.mark.parametrize("name", DOUBTED)
def test_a_call_that_is_perhaps_not_reached_is_unknown(
    tmp_path: Path, name: str, is_beside: bool
) -> None:
    assert _find_wrong(tmp_path, START.format(DOUBTED[name]), is_beside) == (
        [],
        ["one in XDP: unknown"],
    )


@pytest.mark.parametrize("name", NOT_CALLED)
def test_a_global_function_that_nothing_calls_is_unknown(tmp_path: Path, name: str) -> None:
    makefile, text = NOT_CALLED[name]
    files = {SET_C: INCLUDES + GLOBAL, "net/Makefile": makefile, OTHER_C: text}
    facts = extract(tmp_path, files)
    assert find_wrong(facts, {"one": ""}) == ([], ["one in XDP: unknown"])
    assert [item.text for item in facts.unread] == ["nothing calls the_init()"]


@pytest.mark.parametrize("name", NAMED)
def test_a_global_function_that_is_named_elsewhere_registers(tmp_path: Path, name: str) -> None:
    files = {SET_C: INCLUDES + GLOBAL, "net/Makefile": BOTH, OTHER_C: NAMED[name]}
    assert find_wrong(extract(tmp_path, files), {"one": "XDP"}) == ([], [])


def test_what_a_boot_parameter_calls_is_unknown(tmp_path: Path) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + REGISTERS + '__setup("x", the_init);\n'})
    assert find_wrong(facts, {"one": ""}) == ([], ["one in XDP: unknown"])
    assert [item.text for item in facts.unread] == ["only a boot parameter calls the_init()"]


def test_an_exported_function_is_not_called_by_that(tmp_path: Path) -> None:
    facts = extract(tmp_path, {SET_C: INCLUDES + GLOBAL + "EXPORT_SYMBOL_GPL(the_init);\n"})
    assert find_wrong(facts, {"one": ""}) == ([], ["one in XDP: unknown"])


def test_a_registration_two_includes_away_is_read(tmp_path: Path) -> None:
    facts = extract(tmp_path, {SET_C: '#include "a.c"\n', **PARTS})
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])


@pytest.mark.parametrize("name", ["NAME", "name"])
def test_a_kfunc_may_be_named_by_a_macro(tmp_path: Path, name: str) -> None:
    text = f"#define {name} one\n" + id_set("one").replace("func, one", f"func, {name}")
    assert find_wrong(extract(tmp_path, {SET_C: INCLUDES + text}), {"one": "XDP"}) == ([], [])


def _find_wrong(root: Path, caller: str, is_beside: bool) -> tuple[list[str], list[str]]:
    if is_beside:
        files = {SET_C: INCLUDES + REGISTERS + caller}
    else:
        files = {SET_C: INCLUDES + GLOBAL, "net/Makefile": BOTH, OTHER_C: caller}
    return find_wrong(extract(root, files), {"one": "XDP"})
