"""struct_ops types written in ways that the kernel does not use: right, or unknown with a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kfmap.kernel.facts import UNREAD_OPS, KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.unread import UNREAD_RULE
from kfmap.permission.verdict import UNKNOWN
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set
from tests.kernel.test_struct_ops import ASKS_STUBS, CHECK, MAY_SLEEP, OPS, REGISTER, STUBS

FILES = {
    "kernel/bpf/bpf_struct_ops.c": ASKS_STUBS,
    "kernel/bpf/verifier.c": MAY_SLEEP,
    "kernel/bpf/Makefile": "obj-y += btf.o bpf_struct_ops.o verifier.o\n",
}
# member -> whether a program may implement it, and sleep there
AS_WRITTEN = {"start": "may", "stop": "never", "nap": "must", "late": ""}
WITHOUT_STOP = {**AS_WRITTEN, "stop": ""}
STOP = "    .stop  = the_ops__stop,\n"
FUNCTIONS = STUBS[: STUBS.index("static struct the_ops")]
CALL = "return register_bpf_struct_ops(&bpf_the_ops, the_ops);"
NAP = "case offsetof(struct the_ops, nap):"
IN_TABLE = """\
static u32 refused[] = { offsetof(struct the_ops, stop) };
static bool in_table(u32 offset)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(refused); i++)
        if (offset == refused[i])
            return true;
    return false;
}
static int check_member(const struct btf_type *t, const struct btf_member *member)
{
    return in_table(__btf_member_bit_offset(t, member) / 8) ? -EINVAL : 0;
}
"""
NOT_IN_TABLE = IN_TABLE.replace("return true", "return 0").replace("return false", "return 1")
MAY = dict.fromkeys(("start", "stop", "nap"), "may") | {"late": ""}


def _stubs(body: str) -> str:
    return f"{FUNCTIONS}static struct the_ops the_stubs = {{ {body} }};\n"


def _stop(value: str) -> str:
    return CHECK + STUBS.replace("= the_ops__stop,", f"= {value},") + REGISTER


def _check(value: str, before: str = "") -> str:
    return CHECK + before + STUBS + REGISTER.replace("= check_member,", f"= {value},")


READ: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "as the kernel does": (CHECK + STUBS + REGISTER, AS_WRITTEN),
    "stub that is NULL": (_stop("NULL"), WITHOUT_STOP),
    "stub that is NULL by a cast": (_stop("(void *)0"), WITHOUT_STOP),
    "stub of an option": (
        _stop("IS_ENABLED(CONFIG_NONE) ? the_ops__stop : NULL"),
        WITHOUT_STOP,
    ),
    "stub that is taken back": (
        CHECK + STUBS.replace(STOP, STOP + "    .stop = NULL,\n") + REGISTER,
        WITHOUT_STOP,
    ),
    "stubs by position": (
        CHECK + _stubs("the_ops__start, the_ops__stop, the_ops__nap") + REGISTER,
        AS_WRITTEN,
    ),
    "stubs by a macro": (
        "#define STUB(x) .x = the_ops__##x\n"
        + CHECK
        + _stubs("STUB(start), STUB(stop), STUB(nap)")
        + REGISTER,
        AS_WRITTEN,
    ),
    "check by a macro": (_check("THE_CHECK", "#define THE_CHECK check_member\n"), AS_WRITTEN),
    "check by a cast": (_check("(void *)&check_member"), AS_WRITTEN),
    "check of an option": (
        _check("IS_ENABLED(CONFIG_NET) ? check_member : NULL"),
        AS_WRITTEN,
    ),
    "macro that refuses": (
        "#define MUST_SLEEP(p) if (!(p)->sleepable) return -EINVAL\n"
        + CHECK.replace(
            "if (!prog->sleepable)\n            return -EINVAL;", "MUST_SLEEP(prog);", 1
        )
        + STUBS
        + REGISTER,
        AS_WRITTEN,
    ),
    "table": (IN_TABLE + STUBS + REGISTER, {**MAY, "stop": ""}),
    "table of the others": (
        NOT_IN_TABLE + STUBS + REGISTER,
        {**dict.fromkeys(MAY, ""), "stop": "may"},
    ),
    "table but for its first": (
        IN_TABLE.replace("i = 0;", "i = 1;") + STUBS + REGISTER,
        MAY,
    ),
}
UNREAD = {
    "stub that is set later": CHECK
    + STUBS.replace(STOP, "")
    + REGISTER.replace(CALL, f"the_stubs.stop = the_ops__stop;\n    {CALL}"),
    "stubs that are set later": CHECK
    + STUBS
    + REGISTER.replace("    .cfi_stubs = &the_stubs,\n", "").replace(
        CALL, f"bpf_the_ops.cfi_stubs = &the_stubs;\n    {CALL}"
    ),
    "check that is set later": CHECK
    + STUBS
    + REGISTER.replace("    .check_member = check_member,\n", "").replace(
        CALL, f"bpf_the_ops.check_member = check_member;\n    {CALL}"
    ),
    "check by a pointer": _check(
        "the_check", "static int (*const the_check)(void) = check_member;\n"
    ),
    "check that is not decided": CHECK.replace(
        "    return 0;", "#if OWN(3)\n    return -EINVAL;\n#endif\n    return 0;"
    )
    + STUBS
    + REGISTER,
    "label that is not known": CHECK.replace(NAP, "case own_offset(nap):") + STUBS + REGISTER,
    "label in a block": CHECK.replace(NAP, "{\n    " + NAP).replace(
        "        break;\n", "        break;\n    }\n", 1
    )
    + STUBS
    + REGISTER,
    "table that is filled later": IN_TABLE
    + "static int __init fill(void)\n{\n    refused[0] = 0;\n    return 0;\n}\n"
    + "late_initcall(fill);\n"
    + STUBS
    + REGISTER,
}
IN_DOUBT = {
    "option that is off": f"if (!IS_ENABLED(CONFIG_NONE))\n        return 0;\n    {CALL}",
    "test": f"if (!cpu_has_it())\n        return 0;\n    {CALL}",
    "taken away again": f"unregister_bpf_struct_ops(&bpf_the_ops);\n    {CALL}",
    "pointer": f"struct bpf_struct_ops *p = &bpf_the_ops;\n    {CALL.replace('&bpf_the_ops', 'p')}",
    "function below": "return __register_bpf_struct_ops(&bpf_the_ops);",
    "type by a macro": CALL.replace(", the_ops", ", THE_TYPE"),
}


def _extract(root: Path, text: str) -> KernelFacts:
    sets = id_set("one", types="STRUCT_OPS")
    return extract(root, {**FILES, SET_C: INCLUDES + OPS + text + sets})


def _members(facts: KernelFacts) -> dict[str, str]:
    (found,) = facts.struct_ops
    return {
        member.name: "?"
        if member.supported is None
        else member.sleepable
        if member.supported
        else ""
        for member in found.members
        if member.callback
    }


@pytest.mark.parametrize("name", READ)
def test_a_type_that_can_be_read_is_right(tmp_path: Path, name: str) -> None:
    text, members = READ[name]
    assert _members(_extract(tmp_path, text)) == members


@pytest.mark.parametrize("name", UNREAD)
def test_members_that_cannot_be_read_are_unknown(tmp_path: Path, name: str) -> None:
    found = _members(_extract(tmp_path, UNREAD[name]))
    assert (found["start"], found["stop"], found["nap"]) == ("?", "?", "?")


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_type_that_is_perhaps_registered_is_unknown_with_its_line(
    tmp_path: Path, name: str
) -> None:
    facts = _extract(tmp_path, CHECK + STUBS + REGISTER.replace(CALL, IN_DOUBT[name]))
    assert facts.struct_ops == ()
    (place,) = {item.place for item in facts.not_understood if item.construct == UNREAD_OPS}
    context = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="the_ops", member="start")
    verdict = Decider(facts).decide(context, "one")
    assert verdict.verdict == UNKNOWN
    assert [(r.file, r.line) for r in verdict.reasons if r.rule == UNREAD_RULE] == [
        (place.file, place.line)
    ]


def test_a_type_whose_function_nothing_calls_is_unknown(tmp_path: Path) -> None:
    register = REGISTER.replace("late_initcall(ops_init);\n", "")
    facts = _extract(tmp_path, CHECK + STUBS + register)
    assert UNREAD_OPS in {item.construct for item in facts.not_understood}
