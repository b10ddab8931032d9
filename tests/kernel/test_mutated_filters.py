"""Filters written in ways that the kernel does not use: right, or unknown with a line.

Each refuses both kfuncs to LSM programs, unless `refused` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from textwrap import indent

import pytest

from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

HEAD = "int the_filter(const struct bpf_prog *prog, u32 kfunc_id)"
LSM = "prog->type == BPF_PROG_TYPE_LSM"
CELLS = tuple(product(("LSM", "TRACING"), ("one", "two")))
SOME = "BTF_SET_START(some)\nBTF_ID(func, one)\nBTF_SET_END(some)\n"
IS_SOME = "btf_id_set_contains(&some, kfunc_id)"


@dataclass(frozen=True)
class Written:
    """A filter: its body, what stands before it, and which cells it refuses."""

    body: str
    before: str = ""
    refused: str = "LSM.one LSM.two"
    files: Mapping[str, str] = field(default_factory=dict)


def _predicate(name: str, body: str, kind: str = "bool", prefix: str = "static ") -> str:
    return f"{prefix}{kind} {name}(const struct bpf_prog *prog)\n{{\n{body}\n}}\n"


READ = {
    "another filter": Written(
        "return other(prog, kfunc_id);",
        "static int other(const struct bpf_prog *p, u32 id)\n"
        "{\n if (p->type == BPF_PROG_TYPE_LSM)\n  return -EACCES;\n return 0;\n}\n",
    ),
    "either of two filters": Written(
        "return first(prog) ?: second(prog, kfunc_id);",
        _predicate("first", f"return {LSM} ? -EACCES : 0;", "int")
        + f"static int second(const struct bpf_prog *prog, u32 kfunc_id)\n"
        f"{{\n return {IS_SOME} ? -EACCES : 0;\n}}\n",
        "LSM.one LSM.two TRACING.one",
    ),
    "local that branches set": Written(
        f"int ret = 0;\nif ({LSM})\n ret = -EACCES;\nreturn ret;",
    ),
    "switch on a local": Written(
        "enum bpf_prog_type type = prog->type;\nint ret;\nswitch (type) {\n"
        "case BPF_PROG_TYPE_XDP:\n fallthrough;\n"
        "case BPF_PROG_TYPE_LSM:\n ret = -EACCES;\n break;\n"
        "default:\n ret = 0;\n}\nreturn ret;",
    ),
    "default first": Written(
        "switch (prog->type) {\ndefault:\n return 0;\ncase BPF_PROG_TYPE_LSM:\n return -EACCES;\n}"
    ),
    "choices within choices": Written(
        f"return {LSM} ? ({IS_SOME} ? 0 : -EACCES) : {IS_SOME} ? -EACCES : 0;",
        refused="LSM.two TRACING.one",
    ),
    "macro that returns": Written(
        f"REFUSE_IF({LSM});\nreturn 0;",
        "#define REFUSE_IF(x) do { if (x) return -EACCES; } while (0)\n",
    ),
    "macro without parameters that returns": Written(
        "CHECK;\nreturn 0;", f"#define CHECK if ({LSM}) return -EACCES\n"
    ),
    "macro that sets a local": Written(
        "int ret = 0;\nCHECK();\nreturn ret;", f"#define CHECK() if ({LSM}) ret = -EACCES\n"
    ),
    "macro that is the last return": Written(
        f"RETURN({LSM});", "#define RETURN(x) return (x) ? -EACCES : 0\n"
    ),
    "macro that is defined anew below": Written(
        f"return {LSM} ? -DENY : 0;\n}}\n#undef DENY\n#define DENY 0\nstatic void unused(void)\n{{",
        "#define DENY 1\n",
    ),
    "macro that hides a function": Written(
        "return denied(prog) ? -EACCES : 0;",
        _predicate("denied", "return false;")
        + "#define denied(p) ((p)->type == BPF_PROG_TYPE_LSM)\n",
    ),
    "local of a block that hides another": Written(
        f"bool no = {LSM};\nif ({IS_SOME}) {{\n bool no = false;\n if (no)\n  return -EACCES;\n}}\n"
        "return no ? -EACCES : 0;",
    ),
    "type by another name": Written(
        "return prog->type == MY_TYPE ? -EACCES : 0;", "enum { MY_TYPE = BPF_PROG_TYPE_LSM };\n"
    ),
    "type by a macro": Written(
        "switch (prog->type) {\ncase MY_TYPE:\n return -EACCES;\n}\nreturn 0;",
        "#define MY_TYPE BPF_PROG_TYPE_LSM\n",
    ),
    "type by its number": Written("return prog->type == 0x6 ? -EACCES : 0;"),
    "bits of truth values": Written(f"return ({LSM}) ^ {IS_SOME};", refused="LSM.two TRACING.one"),
    "minus a truth value": Written(f"bool ok = !({LSM});\nreturn -!ok;"),
    "number in a bool": Written(
        "bool x = 4;\nreturn x == 1 ? -EACCES : 0;",
        refused="LSM.one LSM.two TRACING.one TRACING.two",
    ),
    "wrapped truth values": Written(
        "if (WARN_ON_ONCE(READ_ONCE(prog->type) == BPF_PROG_TYPE_LSM))\n return -EACCES;\nreturn 0;"
    ),
    "local with an attribute": Written(f"int __maybe_unused x = 3;\nreturn {LSM} ? -EACCES : 0;"),
    "lock for the scope": Written(f"guard(rcu)();\nreturn {LSM} ? -EACCES : 0;"),
    "filter in a header": Written(
        "",
        "#include <linux/own.h>\n",
        files={"include/linux/own.h": f"static {HEAD}\n{{\n return {LSM} ? -EACCES : 0;\n}}\n"},
    ),
    "filter in another file of the unit": Written(
        "",
        '#include "own.c"\n',
        files={"net/own.c": f"static {HEAD}\n{{\n return {LSM} ? -EACCES : 0;\n}}\n"},
    ),
    "set behind a pointer": Written(
        "const struct btf_id_set *s = &some;\n"
        "return prog->type == BPF_PROG_TYPE_LSM && btf_id_set_contains(s, kfunc_id) ? -EACCES : 0;",
        refused="LSM.one",
    ),
    "question as a macro": Written(
        "return prog->type == BPF_PROG_TYPE_LSM && IN(some) ? -EACCES : 0;",
        "#define IN(s) btf_id_set_contains(&s, kfunc_id)\n",
        refused="LSM.one",
    ),
    "second of a list": Written(
        "return prog->type == BPF_PROG_TYPE_LSM && kfunc_id == lst[1] ? -EACCES : 0;",
        "BTF_ID_LIST(lst)\nBTF_ID(func, one)\nBTF_ID(func, two)\n",
        refused="LSM.two",
    ),
    "element by an enumerator": Written(
        "return prog->type == BPF_PROG_TYPE_LSM && kfunc_id == lst[I_ONE] ? -EACCES : 0;",
        "enum { I_TWO, I_ONE };\nBTF_ID_LIST(lst)\nBTF_ID(func, two)\nBTF_ID(func, one)\n",
        refused="LSM.one",
    ),
    "option that is off": Written(
        "return IS_ENABLED(CONFIG_NONE) && prog->type == BPF_PROG_TYPE_LSM ? -EACCES : 0;",
        refused="",
    ),
    "switch on a truth value": Written(
        "switch (prog->type == BPF_PROG_TYPE_LSM) {\ncase true: return -EACCES;\n"
        "case false: return 0;\n}\nreturn 0;"
    ),
    "switch within a switch": Written(
        "switch (prog->type) {\ncase BPF_PROG_TYPE_LSM: {\n switch (kfunc_id) {\n"
        " default: return -EACCES;\n }\n}\n}\nreturn 0;"
    ),
    "read once": Written("return READ_ONCE(prog->type) == BPF_PROG_TYPE_LSM ? -EACCES : 0;"),
    "minus a comparison": Written("return -(prog->type == BPF_PROG_TYPE_LSM);"),
    "local that branches set again": Written(
        "int err = -EACCES;\nif (prog->type != BPF_PROG_TYPE_LSM)\n err = 0;\nelse if (0)\n"
        " err = 1;\nreturn err;"
    ),
    "not and or": Written("return !(prog->type != BPF_PROG_TYPE_LSM || false) ? -EACCES : 0;"),
}

_ELSEWHERE = {"net/Makefile": "obj-y += set.o strong.o\n"}
UNREAD = {
    "range of labels": Written(
        "switch (prog->type) {\ncase BPF_PROG_TYPE_STRUCT_OPS ... BPF_PROG_TYPE_LSM:\n"
        " return -EACCES;\n}\nreturn 0;"
    ),
    "local of an arm that hides another": Written(
        f"bool no = {LSM};\nswitch (prog->type) {{\ncase BPF_PROG_TYPE_LSM: {{\n bool no = false;\n"
        " (void)no;\n break;\n}\ndefault:\n break;\n}\nreturn no ? -EACCES : 0;"
    ),
    "local that a function sets": Written(
        "int ret = 0;\ncheck(prog, &ret);\nreturn ret;",
        "static void check(const struct bpf_prog *p, int *ret)\n"
        "{\n if (p->type == BPF_PROG_TYPE_LSM)\n  *ret = -EACCES;\n}\n",
    ),
    "local behind a pointer": Written(
        f"int ret = 0;\nint *at = &ret;\nif ({LSM})\n *at = -EACCES;\nreturn ret;"
    ),
    "local that is set in another's value": Written(
        "int ret = 0;\nint other = (ret = -EACCES);\nreturn ret;"
    ),
    "local that is kept": Written("static bool no = true;\nif (no)\n return 0;\nreturn -EACCES;"),
    "integer compared as a truth value": Written(
        "return what(prog) == 1 ? -EACCES : 0;", _predicate("what", f"return {LSM} ? 2 : 0;", "int")
    ),
    "integers compared": Written(
        "return what(prog) == what_else(prog) ? 0 : -EACCES;",
        _predicate("what", f"return {LSM} ? 2 : 3;", "int")
        + _predicate("what_else", "return 3;", "int"),
    ),
    "integer that does not fit": Written("u8 x = 256;\nreturn x ? -EACCES : 0;"),
    "cast that cuts off": Written("return (u8)256 ? -EACCES : 0;"),
    "pointer to operations": Written(
        "return prog->aux->st_ops == own ? 0 : -EACCES;",
        "static struct bpf_struct_ops *own = &bpf_own;\n",
    ),
    "#if that is not decided": Written(
        f"#if OWN_THING(3)\nreturn 0;\n#endif\nreturn {LSM} ? -EACCES : 0;"
    ),
    "weak filter": Written(
        "",
        f"{HEAD.replace('int ', 'int __weak ', 1)}\n{{\n return 0;\n}}\n",
        files={"net/strong.c": f"{INCLUDES}{HEAD}\n{{\n return {LSM};\n}}\n", **_ELSEWHERE},
    ),
    "weak predicate": Written(
        "return denied(prog) ? -EACCES : 0;",
        _predicate("denied", "return false;", prefix="__weak "),
        files={
            "net/strong.c": INCLUDES + _predicate("denied", f"return {LSM};", prefix=""),
            **_ELSEWHERE,
        },
    ),
    "macro without its semicolon": Written(
        f"REFUSE_IF({LSM})\nreturn 0;", "#define REFUSE_IF(x) if (x) return -EACCES;\n"
    ),
    "bits of types": Written("return BIT(prog->type) & BIT(BPF_PROG_TYPE_LSM) ? -EACCES : 0;"),
    "table of types": Written(
        "return no[prog->type];",
        "static const int no[__MAX_BPF_PROG_TYPE] = { [BPF_PROG_TYPE_LSM] = -EACCES };\n",
    ),
    "loop over a list": Written(
        "int i;\nfor (i = 0; i < 1; i++)\n if (kfunc_id == list[i])\n  return -EACCES;\nreturn 0;",
        "BTF_ID_LIST(list)\nBTF_ID(func, one)\n",
    ),
    "label inside a block": Written(
        "switch (prog->type) {\n{\ncase BPF_PROG_TYPE_LSM:\n return -EACCES;\n}\n}\nreturn 0;"
    ),
    "range of types": Written(
        "switch (prog->type) {\ncase BPF_PROG_TYPE_LSM ... BPF_PROG_TYPE_SYSCALL:\n"
        " return -EACCES;\ndefault:\n return 0;\n}"
    ),
    "table of filters": Written(
        "return table[0](prog, kfunc_id);",
        _predicate("first", f"return {LSM} ? -EACCES : 0;", "int")
        + "static int (*const table[])(const struct bpf_prog *) = { first };\n",
    ),
    "jump": Written(f"if ({LSM})\n goto no;\nreturn 0;\nno:\nreturn -EACCES;"),
    "what can be switched": Written(
        "return sysctl_own ? -EACCES : 0;", "int sysctl_own __read_mostly = 1;\n"
    ),
    "static call of a predicate": Written(
        "return static_call(asker)(prog) ? -EACCES : 0;",
        "static bool is_lsm(const struct bpf_prog *prog)\n{\n"
        "return prog->type == BPF_PROG_TYPE_LSM;\n}\nDEFINE_STATIC_CALL(asker, is_lsm);\n",
    ),
    "predicate in a table": Written(
        "return the_ops.ask(prog) ? -EACCES : 0;",
        "static bool is_lsm(const struct bpf_prog *prog)\n{\n"
        "return prog->type == BPF_PROG_TYPE_LSM;\n}\n"
        "struct ask_ops { bool (*ask)(const struct bpf_prog *); };\n"
        "static const struct ask_ops the_ops = { .ask = is_lsm };\n",
    ),
    "set that is chosen": Written(
        "const struct btf_id_set *s = prog->type == BPF_PROG_TYPE_LSM ? &some : &none;\n"
        "return btf_id_set_contains(s, kfunc_id) ? -EACCES : 0;",
        "BTF_SET_START(none)\nBTF_SET_END(none)\n",
        refused="LSM.one",
    ),
    "set by another name": Written(
        "return prog->type == BPF_PROG_TYPE_LSM && btf_id_set_contains(&mine, "
        "kfunc_id) ? -EACCES : 0;",
        "#define mine some\n",
        refused="LSM.one",
    ),
    "list with a hole": Written(
        "return prog->type == BPF_PROG_TYPE_LSM && kfunc_id == lst[1] ? -EACCES : 0;",
        "BTF_ID_LIST(lst)\n#ifdef CONFIG_NONE\nBTF_ID(func, two)\n#else\nBTF_ID_UNUSED\n"
        "#endif\nBTF_ID(func, one)\n",
        refused="LSM.one",
    ),
    "local set in a test": Written(
        "enum bpf_prog_type t;\nif ((t = prog->type) == BPF_PROG_TYPE_LSM)\n"
        " return -EACCES;\nreturn 0;"
    ),
    "jump of the assembler": Written(
        'asm goto("jmp %l0" : : : : bad);\nreturn 0;\nbad:\n'
        "return prog->type == BPF_PROG_TYPE_LSM ? -EACCES : 0;"
    ),
    "jump by a table": Written(
        "static void *tab[] = { &&ok, &&bad };\n"
        "goto *tab[prog->type == BPF_PROG_TYPE_LSM];\nok:\nreturn 0;\nbad:\nreturn -EACCES;"
    ),
    "choice by type": Written(
        "return _Generic(prog, const struct bpf_prog *: prog->type "
        "== BPF_PROG_TYPE_LSM, default: 0) ? -EACCES : 0;"
    ),
    "counter that is kept": Written(
        "static int n;\nif (n++ > 5)\n return 0;\n"
        "return prog->type == BPF_PROG_TYPE_LSM ? -EACCES : 0;"
    ),
    "what the process may": Written(
        "if (capable(CAP_BPF))\n return 0;\nreturn prog->type == BPF_PROG_TYPE_LSM ? -EACCES : 0;"
    ),
    "local that a function fills in": Written(
        "int r = 0;\nfill(prog, &r);\nreturn r;",
        "static void fill(const struct bpf_prog *prog, int *r)\n{\n"
        " if (prog->type == BPF_PROG_TYPE_LSM)\n  *r = -EACCES;\n}\n",
    ),
    "set with a member that is not known": Written(
        f"return {LSM} && btf_id_set_contains(&part, kfunc_id) ? -EACCES : 0;",
        "BTF_SET_START(part)\nOWN_ID(func, one)\nBTF_ID(func, two)\nBTF_SET_END(part)\n",
    ),
    "set that is changed": Written(
        f"return {LSM} && {IS_SOME} ? -EACCES : 0;",
        "static int __init grow(void)\n{\n some.cnt = 0;\n return 0;\n}\nlate_initcall(grow);\n",
        refused="",
    ),
    "set that is given away": Written(
        f"return {LSM} && {IS_SOME} ? -EACCES : 0;",
        "static int __init grow(void)\n{\n forget(&some);\n return 0;\n}\nlate_initcall(grow);\n",
        refused="",
    ),
    "macro that changes the program": Written(
        f"RESOLVE(prog);\nreturn {LSM} ? -EACCES : 0;",
        "#define RESOLVE(p) ((p) = (p)->aux->dst_prog)\n",
        refused="",
    ),
    "numbers without a sign": Written(f"return {LSM} && 0U - 1 > 5 ? -EACCES : 0;"),
    "sign that is lost": Written(f"return {LSM} && -1 < 1U ? -EACCES : 0;", refused=""),
    "more than fits into what is returned": Written(
        f"return {LSM} ? (int)(1ULL << 32) : 0;", refused=""
    ),
    "predicate that cuts off": Written(
        "return what(prog) ? -EACCES : 0;",
        _predicate("what", f"return {LSM} ? 256 : 0;", "u8"),
        refused="",
    ),
    "offset in a byte that is set later": Written(
        "u8 at;\nat = prog->aux->attach_st_ops_member_off;\nreturn at == 8 ? -EACCES : 0;",
        refused="LSM.one LSM.two TRACING.one TRACING.two",
    ),
    "type in a bool": Written(
        "bool t = prog->type;\nreturn t == 1 ? -EACCES : 0;",
        refused="LSM.one LSM.two TRACING.one TRACING.two",
    ),
    "question that a macro takes over": Written(
        f"return {LSM} && {IS_SOME} ? -EACCES : 0;",
        "#define btf_id_set_contains(a, b) (!own_contains(a, b))\n",
        refused="LSM.two",
    ),
    "guess that a macro turns around": Written(
        f"return likely({LSM}) ? -EACCES : 0;",
        "#undef likely\n#define likely(x) (own_guess(!(x)))\n",
        refused="TRACING.one TRACING.two",
    ),
    "member across two lines": Written("return prog->ty\\\npe == BPF_PROG_TYPE_LSM ? -EACCES : 0;"),
}


def _verdicts(root: Path, written: Written) -> tuple[dict[str, str], set[int]]:
    """Return the verdict of each cell, and the lines that were not understood."""
    sets = id_set("one two", filter_="the_filter", types="TRACING")
    if not written.body:  # then it is somewhere else, and may not be static
        sets = sets.replace(f"static {HEAD};", "")
    own = f"static {HEAD}\n{{\n{indent(written.body, ' ')}\n}}\n" if written.body else ""
    text = INCLUDES + SOME + written.before + sets + own
    facts = extract(root, {SET_C: text, **written.files})
    decider = Decider(facts)
    verdicts = {
        f"{kind}.{name}": decider.decide(Context(f"BPF_PROG_TYPE_{kind}"), name).verdict
        for kind, name in CELLS
    }
    return verdicts, {item.place.line for item in facts.not_understood}


def _right(written: Written) -> dict[str, str]:
    cells = (f"{kind}.{name}" for kind, name in CELLS)
    return {c: "refused" if c in written.refused.split() else "allowed" for c in cells}


@pytest.mark.parametrize("name", READ)
def test_a_filter_that_can_be_read_is_right(tmp_path: Path, name: str) -> None:
    verdicts, unread = _verdicts(tmp_path, READ[name])
    assert (verdicts, unread) == (_right(READ[name]), set())


@pytest.mark.parametrize("name", UNREAD)
def test_a_filter_that_cannot_be_read_is_unknown_with_its_line(tmp_path: Path, name: str) -> None:
    verdicts, unread = _verdicts(tmp_path, UNREAD[name])
    known = {cell: verdict for cell, verdict in verdicts.items() if verdict != "unknown"}
    assert known.items() < _right(UNREAD[name]).items()
    assert unread
