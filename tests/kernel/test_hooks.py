"""The hook of each program type, and the shape of the decision, asked of the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.small_kernel import BTF_C, BTF_H, INCLUDES, SET_C, extract, id_set


def test_program_types_have_the_hook_that_the_trees_own_function_gives(tmp_path: Path) -> None:
    facts = extract(tmp_path, {})
    hooks = {h.program_type.removeprefix("BPF_PROG_TYPE_"): h.hook for h in facts.hook_of}
    assert hooks == {
        "UNSPEC": "BTF_KFUNC_HOOK_COMMON",
        "KPROBE": None,
        "SCHED_CLS": "BTF_KFUNC_HOOK_TC",
        "XDP": "BTF_KFUNC_HOOK_XDP",
        "TRACING": "BTF_KFUNC_HOOK_TRACING",
        "STRUCT_OPS": "BTF_KFUNC_HOOK_STRUCT_OPS",
        "LSM": "BTF_KFUNC_HOOK_TRACING",
        "SYSCALL": "BTF_KFUNC_HOOK_SYSCALL",
    }


def test_the_line_of_a_hook_is_that_of_the_case(tmp_path: Path) -> None:
    facts = extract(tmp_path, {})
    lines = (tmp_path / "kernel/bpf/btf.c").read_text().splitlines()
    found = {h.program_type: lines[h.place.line - 1].strip() for h in facts.hook_of}
    assert found["BPF_PROG_TYPE_LSM"] == "case BPF_PROG_TYPE_LSM:"
    assert found["BPF_PROG_TYPE_KPROBE"] == "default:"


def test_a_hook_function_of_ifs_is_read_as_well(tmp_path: Path) -> None:
    start = BTF_C.index("    switch (prog_type)")
    end = BTF_C.index("bool btf_kfunc_is_allowed")
    body = (
        "    if (prog_type == BPF_PROG_TYPE_XDP || prog_type == BPF_PROG_TYPE_SCHED_CLS)\n"
        "        return BTF_KFUNC_HOOK_TC;\n"
        "    return BTF_KFUNC_HOOK_MAX;\n}\n\n"
    )
    facts = extract(tmp_path, {"kernel/bpf/btf.c": BTF_C[:start] + body + BTF_C[end:]})
    hooks = {h.program_type: h.hook for h in facts.hook_of}
    assert hooks["BPF_PROG_TYPE_XDP"] == "BTF_KFUNC_HOOK_TC"
    assert hooks["BPF_PROG_TYPE_LSM"] is None


def test_a_hook_that_cannot_be_computed_is_named_not_guessed(tmp_path: Path) -> None:
    text = BTF_C.replace("return BTF_KFUNC_HOOK_SYSCALL;", "return pick_hook(prog_type);")
    facts = extract(tmp_path, {"kernel/bpf/btf.c": text})
    assert "BPF_PROG_TYPE_SYSCALL" not in {h.program_type for h in facts.hook_of}
    assert [(p.construct, p.text) for p in facts.not_understood] == [
        ("hook of a program type", "BPF_PROG_TYPE_SYSCALL")
    ]


XDP_CASE = "    case BPF_PROG_TYPE_XDP:\n"
SWITCH = "    switch (prog_type)"
FUNCTION = "static int bpf_prog_type_to_kfunc_hook"
_CHANGES = (
    "#define RESOLVE(t) do { if (t == BPF_PROG_TYPE_KPROBE) t = BPF_PROG_TYPE_XDP; } while (0)\n"
)
# What becomes of the function, and the types of which its hook is XDP then; "" for not known.
MUTATED = {
    "falls through": (
        XDP_CASE,
        f"    case BPF_PROG_TYPE_KPROBE:\n        fallthrough;\n{XDP_CASE}",
    ),
    "type that is changed": (
        SWITCH,
        "    if (prog_type == BPF_PROG_TYPE_KPROBE)\n        prog_type = BPF_PROG_TYPE_XDP;\n"
        + SWITCH,
    ),
    "macro that returns": (
        FUNCTION,
        "#define ALSO(t) if (prog_type == BPF_PROG_TYPE_##t) return BTF_KFUNC_HOOK_XDP\n"
        + FUNCTION,
    ),
    "another number": (
        "        return BTF_KFUNC_HOOK_MAX;",
        "        return prog_type == BPF_PROG_TYPE_KPROBE ? 1 : BTF_KFUNC_HOOK_MAX;",
    ),
}
NOT_KNOWN = {
    "range of types": (XDP_CASE, "    case BPF_PROG_TYPE_XDP ... BPF_PROG_TYPE_TRACING:\n"),
    "type that is counted up": (SWITCH, f"    prog_type++;\n{SWITCH}"),
    "type that a function changes": (SWITCH, f"    resolve(&prog_type);\n{SWITCH}"),
    "type that a macro changes": (FUNCTION, _CHANGES + FUNCTION),
    "label that is not known": (XDP_CASE, f"    case OWN_TYPE(XDP):\n{XDP_CASE}"),
    "#if that is not decided": (XDP_CASE, f"#if OWN(3)\n{XDP_CASE}#endif\n"),
    "weak function": (FUNCTION, FUNCTION.replace("static", "__weak")),
}


def _mutate(old: str, new: str) -> dict[str, str | bytes]:
    text = BTF_C.replace(old, new)
    if "ALSO(" in new:
        text = text.replace(SWITCH, f"    ALSO(KPROBE);\n{SWITCH}")
    if "RESOLVE(" in new:
        text = text.replace(SWITCH, f"    RESOLVE(prog_type);\n{SWITCH}")
    assert text != BTF_C
    return {"kernel/bpf/btf.c": text, SET_C: INCLUDES + id_set("one")}


@pytest.mark.parametrize("name", MUTATED)
def test_a_hook_function_that_was_changed_is_run_as_it_is(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, _mutate(*MUTATED[name]))
    hooks = {h.program_type.removeprefix("BPF_PROG_TYPE_"): h.hook for h in facts.hook_of}
    assert (hooks["KPROBE"], hooks["XDP"]) == ("BTF_KFUNC_HOOK_XDP", "BTF_KFUNC_HOOK_XDP")
    assert hooks["SYSCALL"] == "BTF_KFUNC_HOOK_SYSCALL"
    assert facts.not_understood == ()


@pytest.mark.parametrize("name", NOT_KNOWN)
def test_a_hook_that_cannot_be_followed_is_not_known(tmp_path: Path, name: str) -> None:
    facts = extract(tmp_path, _mutate(*NOT_KNOWN[name]))
    assert "BPF_PROG_TYPE_KPROBE" not in {h.program_type for h in facts.hook_of}
    assert facts.not_understood


def test_a_block_hides_a_local_only_until_it_ends(tmp_path: Path) -> None:
    start, end = BTF_C.index(SWITCH), BTF_C.index("bool btf_kfunc_is_allowed")
    body = (
        "    int hook = BTF_KFUNC_HOOK_MAX;\n"
        "    {\n        int hook = BTF_KFUNC_HOOK_XDP;\n        (void)hook;\n    }\n"
        "    return hook;\n}\n\n"
    )
    facts = extract(tmp_path, {"kernel/bpf/btf.c": BTF_C[:start] + body + BTF_C[end:]})
    assert {h.hook for h in facts.hook_of} == {None}


def test_the_decision_is_found_by_its_functions(tmp_path: Path) -> None:
    decision = extract(tmp_path, {}).decision
    assert (decision.common, decision.filters, decision.split) == (True, True, True)
    assert (decision.set_limit, decision.filter_limit) == (256, 16)
    (place,) = decision.places
    line = (tmp_path / place.file).read_text().splitlines()[place.line - 1]
    assert line.startswith("bool btf_kfunc_is_allowed(")


def test_an_older_decision_has_neither_common_hook_nor_filters(tmp_path: Path) -> None:
    text = BTF_C.replace("    BTF_KFUNC_HOOK_COMMON,\n", "")
    text = text.replace("btf_kfunc_is_allowed", "btf_kfunc_id_set_contains")
    text = text.replace(
        "    case BPF_PROG_TYPE_UNSPEC:\n        return BTF_KFUNC_HOOK_COMMON;\n", ""
    )
    header = BTF_H.replace("    btf_kfunc_filter_t filter;\n", "")
    facts = extract(tmp_path, {"kernel/bpf/btf.c": text, "include/linux/btf.h": header})
    decision = facts.decision
    assert (decision.common, decision.filters, decision.split) == (False, False, False)


def test_enums_and_flags_are_those_of_the_tree(tmp_path: Path) -> None:
    facts = extract(tmp_path, {})
    assert [(c.name, c.value) for c in facts.attach_types] == [
        ("BPF_TRACE_FENTRY", 0),
        ("BPF_TRACE_ITER", 1),
        ("BPF_TRACE_KPROBE_SESSION", 40),
    ]
    assert [(c.name, c.value) for c in facts.kfunc_flags] == [
        ("KF_ACQUIRE", 1),
        ("KF_RELEASE", 2),
        ("KF_SLEEPABLE", 32),
    ]
    assert facts.hooks[:2] == ("BTF_KFUNC_HOOK_COMMON", "BTF_KFUNC_HOOK_XDP")
