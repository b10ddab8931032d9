"""Functions that register, in words that C has and the kernel's do not use: right, or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kernel.mutated_tree import find_wrong
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

SET = id_set("one")
CALL = "ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &the_id_set);"
INITCALL = "late_initcall(the_init);"


def _do(text: str, before: str = "") -> Mapping[str, str]:
    return {SET_C: INCLUDES + before + SET.replace(CALL, text)}


def _type(written: str, declared: str = "") -> Mapping[str, str]:
    return _do(f"{declared}\n ret = register_btf_kfunc_id_set({written}, &the_id_set);")


def _start(text: str) -> Mapping[str, str]:
    return {SET_C: INCLUDES + SET.replace(INITCALL, text)}


READ = {
    "comment that goes on": (_start(f"// \\\n{INITCALL}"), ""),
    "comment that goes on, in a directive": (
        _do(CALL, "// \\\n#define register_btf_kfunc_id_set(a, b) 0\n"),
        "XDP",
    ),
    "pointer to a function": (
        _start(f"static initcall_t p = the_init;\n{INITCALL.replace('the_init', '*p')}"),
        "XDP",
    ),
    "probe of a driver": (
        _start(
            "static struct platform_driver d = { .probe = the_init };\nbuiltin_platform_driver(d);"
        ),
        "XDP",
    ),
    "early initcall": (_start("early_initcall(the_init);"), "XDP"),
    "loop of no round": (_do(f"while (0) {{\n {CALL}\n }}"), ""),
    "loop of one round": (_do(f"do {{\n {CALL}\n }} while (0);"), "XDP"),
    "default": (_do(f"switch (ret) {{\n default:\n {CALL}\n }}"), "XDP"),
    "case that is not": (_do(f"switch (ret) {{\n case 1:\n {CALL}\n }}"), ""),
    "goto over a return": (_do(f"goto add;\n return 0;\nadd:\n {CALL}"), "XDP"),
    "sum": (_type("BPF_PROG_TYPE_SCHED_CLS + 1"), "XDP"),
    "size": (_type("sizeof(short) + 1"), "XDP"),
    "volatile": (
        _do(
            "const struct btf_kfunc_id_set *volatile p = &the_id_set;\n "
            "ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, p);"
        ),
        "XDP",
    ),
}
UNREAD = {
    "truth of a type": (_type("t", "bool t = BPF_PROG_TYPE_XDP;"), ""),
    "enumerator of the function": (
        _type("BPF_PROG_TYPE_XDP", "enum { BPF_PROG_TYPE_XDP = BPF_PROG_TYPE_SCHED_CLS };"),
        "SCHED_CLS",
    ),
    "bit-field": (
        _type("s.t", "struct { unsigned t:2; } s = { .t = BPF_PROG_TYPE_XDP + 4 };"),
        "XDP",
    ),
    "bit-field of a struct with a name": (
        _do(
            "struct own s = { .t = BPF_PROG_TYPE_XDP + 4 };\n "
            "ret = register_btf_kfunc_id_set(s.t, &the_id_set);",
            "struct own { unsigned t:2; };\n",
        ),
        "XDP",
    ),
    "cast to a type of": (_type("(typeof(0))BPF_PROG_TYPE_XDP"), "XDP"),
    "goto to an address": (
        _do(f"static void *l[] = {{ &&add }};\n goto *l[0];\n return 0;\nadd:\n {CALL}"),
        "XDP",
    ),
    "test in a macro that leaves": (
        _do(f"CHECK(asked());\n {CALL}", "#define CHECK(x) do { if (x) return 0; } while (0)\n"),
        "",
    ),
    "test in a loop of one round that leaves": (
        _do(f"do {{\n if (asked())\n return 0;\n }} while (0);\n {CALL}"),
        "",
    ),
    "parameter of a module": (_start("module_param_call(x, the_init, NULL, NULL, 0);"), ""),
    "parameter at boot": (_start("core_param_cb(x, &ops, the_init, 0);"), ""),
    "id of a struct": (
        {SET_C: INCLUDES + SET.replace("BTF_ID_FLAGS(func, one)", "BTF_ID_FLAGS(struct, one)")},
        "",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_c_says_is_right(tmp_path: Path, name: str) -> None:
    files, truth = READ[name]
    assert find_wrong(extract(tmp_path, files), {"one": truth}) == ([], [])


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_followed_is_unknown_with_its_line(tmp_path: Path, name: str) -> None:
    files, truth = UNREAD[name]
    facts = extract(tmp_path, files)
    wrong, unknown = find_wrong(facts, {"one": truth})
    assert (wrong, "one in XDP: unknown" in unknown) == ([], True)
    assert facts.not_understood
