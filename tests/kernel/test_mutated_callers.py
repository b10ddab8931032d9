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
    "where nothing failed": "ret = other();\nif (!ret)\n ret = the_init();\nreturn ret;",
    "else of a failure": "ret = other();\nif (ret < 0)\n warn();\nelse\n the_init();\nreturn 0;",
    "where there is memory": "void *p = make();\nif (p)\n return the_init();\nreturn -1;",
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
    "failure": "ret = other();\nif (ret)\n return the_init();\nreturn 0;",
    "label of failures": "ret = other();\nif (ret)\n goto no;\nreturn 0;\nno:\nreturn the_init();",
    "after what happens has left": "ret = other();\nif (!ret)\n return 0;\nreturn the_init();",
    "no memory": "void *p = make();\nif (!p)\n return the_init();\nreturn 0;",
    "after a crash": "BUG();\nreturn the_init();",
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


LEAVING = {
    "macro": ("#define LEAVE() do { if (1) return 0; } while (0)\n", "LEAVE();"),
    "macro that goes to a label": ("#define LEAVE goto out\n", "LEAVE;"),
    "macro that asks for an option": (
        "#define NEED(x) if (!IS_ENABLED(x)) return 0\n",
        "NEED(CONFIG_NONE);",
    ),
    "function that always fails": (
        "static int prepare(void)\n{\n return -EINVAL;\n}\n",
        "ret = prepare();\nif (ret)\n return ret;",
    ),
    "function that always fails in a chain": (
        "static int prepare(void)\n{\n return -EINVAL;\n}\n",
        "ret = prepare() ?: 0;\nif (ret)\n return ret;",
    ),
    "function that ends the kernel": (
        "static void __noreturn die(void)\n{\n for (;;);\n}\n",
        "die();",
    ),
}


@pytest.mark.parametrize("name", LEAVING)
def test_a_call_behind_what_leaves_is_not_allowed(tmp_path: Path, name: str) -> None:
    before, leaves = LEAVING[name]
    caller = START.format(f"{leaves}\nreturn the_init();\nout:\nreturn 0;")
    files = {SET_C: INCLUDES + REGISTERS + before + caller}
    wrong, _ = find_wrong(extract(tmp_path, files), {"one": ""})
    assert wrong == []


TAKEN_AWAY = {
    "call": "unregister_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);",
    "fewer members": "the_set.cnt = 0;",
    "flags": "the_set.flags = 0;",
    "unknown function": "forget(&the_set);",
}


@pytest.mark.parametrize("name", TAKEN_AWAY)
def test_what_may_be_taken_away_again_is_unknown(tmp_path: Path, name: str) -> None:
    """Only kfuncs of that set are: what another one registers on the same hook is not touched."""
    undo = f"static int __init undo(void)\n{{\n {TAKEN_AWAY[name]}\n return 0;\n}}\n"
    other = id_set("two").replace("the_", "other_")
    text = INCLUDES + id_set("one") + other + undo + "late_initcall_sync(undo);\n"
    facts = extract(tmp_path, {SET_C: text})
    wrong, unknown = find_wrong(facts, {"one": "", "two": "XDP"})
    assert wrong == []
    assert "one in XDP: unknown" in unknown
    assert not [cell for cell in unknown if cell.startswith("two")]


def test_what_goes_with_its_module_is_there_before(tmp_path: Path) -> None:
    undo = f"static void __exit undo(void)\n{{\n {TAKEN_AWAY['call']}\n}}\nmodule_exit(undo);\n"
    facts = extract(tmp_path, {SET_C: INCLUDES + id_set("one") + undo})
    assert find_wrong(facts, {"one": "XDP"}) == ([], [])


TYPES = {
    "macro": ("#define BPF_PROG_TYPE_XDP BPF_PROG_TYPE_SCHED_CLS\n", ""),
    "local": ("", "int BPF_PROG_TYPE_XDP = BPF_PROG_TYPE_SCHED_CLS;\n"),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_program_type_may_be_called_like_another_one(tmp_path: Path, name: str) -> None:
    before, inside = TYPES[name]
    text = id_set("one").replace("    int ret = 0;\n", f"    int ret = 0;\n{inside}")
    facts = extract(tmp_path, {SET_C: INCLUDES + before + text})
    assert find_wrong(facts, {"one": "SCHED_CLS"}) == ([], [])


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
