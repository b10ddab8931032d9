"""Filters compiled from C: each construct, what it decides, and what is left unknown."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from textwrap import indent

import pytest

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.rule_form import Branch, Decide, Node, Unknown
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.kernel.small_kernel import extract_set, id_set

TYPES = ("KPROBE", "SCHED_CLS", "XDP", "TRACING", "LSM", "SYSCALL")
_OTHER_SETS = """\
BTF_SET_START(some)
BTF_ID(func, one)
BTF_SET_END(some)

BTF_ID_LIST_SINGLE(hook_list, func, bpf_lsm_send)

BTF_SET_START(hooks)
BTF_ID(func, bpf_lsm_send)
BTF_ID(func, bpf_lsm_open)
BTF_SET_END(hooks)

"""


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("return 0;", ""),
        ("return -EACCES;", "LSM.one LSM.two TRACING.one TRACING.two"),
        ("return prog->type == BPF_PROG_TYPE_LSM;", "LSM.one LSM.two"),
        ("return prog->type != BPF_PROG_TYPE_LSM ? -EACCES : 0;", "TRACING.one TRACING.two"),
        (
            "if (!btf_id_set_contains(&some, kfunc_id))\n return 0;\n"
            "return prog->type == BPF_PROG_TYPE_LSM ? 0 : -EACCES;",
            "TRACING.one",
        ),
        (
            "if (btf_id_set8_contains(&the_set, kfunc_id) && prog->type == BPF_PROG_TYPE_LSM)\n"
            " return -EINVAL;\nreturn 0;",
            "LSM.one LSM.two",
        ),
        (
            "bool in = btf_id_set_contains(&some, kfunc_id);\n"
            "bool lsm = prog->type == BPF_PROG_TYPE_LSM;\n"
            "if (in || lsm)\n return -EACCES;\nreturn 0;",
            "LSM.one LSM.two TRACING.one",
        ),
        (
            "bool in;\nin = btf_id_set_contains(&some, kfunc_id);\n"
            "if (unlikely(!in)) {\n return 0;\n} else {\n return -EACCES;\n}",
            "LSM.one TRACING.one",
        ),
        ("return is_lsm(prog) ? -EACCES : 0;", "LSM.one LSM.two"),
        ("return IS_LSM(prog) && true;", "LSM.one LSM.two"),
        ("return (int)(~0) + 1;", ""),
        ("if (IS_ENABLED(CONFIG_NET))\n return 0;\nreturn -EACCES;", ""),
        ("#ifdef CONFIG_NET\nreturn 0;\n#endif\nreturn -EACCES;", ""),
    ],
)
def test_a_filter_decides_as_its_code_says(tmp_path: Path, body: str, refused: str) -> None:
    facts = _compile(tmp_path, body)
    assert facts.not_understood == ()
    decider = Decider(facts)
    cells = product(("LSM", "TRACING"), ("one", "two"))
    found = [f"{kind}.{name}" for kind, name in cells if not _allows(decider, kind, name)]
    assert " ".join(found) == refused


@pytest.mark.parametrize(
    "condition",
    [
        "prog->aux->attach_btf_id == hook_list[0]",
        "btf_id_set_contains(&hooks, prog->aux->attach_btf_id)",
    ],
)
def test_attach_targets_are_told_apart(tmp_path: Path, condition: str) -> None:
    decider = Decider(_compile(tmp_path, f"return {condition} ? -EACCES : 0;"))
    targets = {"bpf_lsm_send": False, "bpf_lsm_close": True}
    for target, allowed in targets.items():
        context = Context("BPF_PROG_TYPE_LSM", "BPF_LSM_MAC", target)
        assert (decider.decide(context, "one").verdict == "allowed") is allowed


def test_attach_types_are_told_apart(tmp_path: Path) -> None:
    body = "return prog->expected_attach_type != BPF_TRACE_ITER ? -EACCES : 0;"
    decider = Decider(_compile(tmp_path, body))
    for attach_type, verdict in (("BPF_TRACE_ITER", "allowed"), ("BPF_TRACE_FENTRY", "refused")):
        context = Context("BPF_PROG_TYPE_TRACING", attach_type)
        assert decider.decide(context, "one").verdict == verdict


@pytest.mark.parametrize(("kind", "allowed"), [("LSM", True), ("TRACING", False)])
def test_a_switch_goes_by_its_labels_and_falls_through(
    tmp_path: Path, kind: str, allowed: bool
) -> None:
    body = (
        "switch (prog->type) {\ncase BPF_PROG_TYPE_XDP:\n;\ncase BPF_PROG_TYPE_LSM: {\n break;\n}\n"
        "default:\n return -EACCES;\n}\nreturn 0;"
    )
    assert _allows(Decider(_compile(tmp_path, body)), kind, "one") is allowed


def test_a_single_kfunc_is_told_apart(tmp_path: Path) -> None:
    body = "return kfunc_id == one_list[0] ? -EACCES : 0;"
    facts = _compile(tmp_path, body, before="BTF_ID_LIST_SINGLE(one_list, func, one)\n")
    decider = Decider(facts)
    verdicts = [_allows(decider, "LSM", name) for name in ("one", "two")]
    assert verdicts == [False, True]


def test_branches_have_the_lines_of_their_code(tmp_path: Path) -> None:
    facts = _compile(tmp_path, "if (prog->type == BPF_PROG_TYPE_LSM)\n return 0;\nreturn -EACCES;")
    rule = facts.filters[0].rule
    assert isinstance(rule, Branch)
    lines = (tmp_path / rule.file).read_text().splitlines()
    assert lines[rule.line - 1].strip().startswith("if (prog->type")
    assert [lines[leaf.line - 1].strip() for leaf in _leaves(rule)] == [
        "return 0;",
        "return -EACCES;",
    ]


@pytest.mark.parametrize(
    ("body", "construct"),
    [
        ("for (;;)\n ;\nreturn 0;", "for statement"),
        ("while (1)\n ;\nreturn 0;", "while statement"),
        ("switch (prog->len) {\ncase 1:\n return 1;\n}\nreturn 0;", "field len"),
        ("switch (prog->type) {\ncase 1:\n if (prog)\n break;\n}\nreturn 0;", "switch statement"),
        ("goto out;\nout:\nreturn 0;", "goto statement"),
        ("return prog->len > 4;", "field len"),
        ("return ask_elsewhere(prog);", "call of ask_elsewhere"),
        ("return btf_id_set_contains(&nowhere, kfunc_id);", "set nowhere"),
        ("if (prog->jited)\n return 0;\nreturn 0;", "field jited"),
        ("int n = 1;\nn++;\nreturn n;", "local that is computed in place"),
        ("int n = 0;\nn |= kfunc_id;\nreturn n;", "local that is computed in place"),
        ("return loops(prog);", "call of loops too deep"),
        ("if (kfunc_id)\n return 0;", "truth of kfunc_id"),
        ("prog = prog;", "end without return"),
        ("return names[kfunc_id];", "element of names[kfunc_id]"),
    ],
)
def test_what_is_outside_the_subset_is_named(tmp_path: Path, body: str, construct: str) -> None:
    facts = _compile(tmp_path, body)
    assert construct in {problem.construct for problem in facts.not_understood}
    assert any(isinstance(leaf, Unknown) for leaf in _leaves(facts.filters[0].rule))
    assert Decider(facts).decide(Context("BPF_PROG_TYPE_LSM"), "one").verdict == "unknown"


def test_what_is_decided_before_the_unknown_stays_decided(tmp_path: Path) -> None:
    body = (
        "if (!btf_id_set_contains(&some, kfunc_id))\n return 0;\n"
        "if (prog->type == BPF_PROG_TYPE_LSM && prog->jited)\n return 0;\n"
        "return -EACCES;"
    )
    decider = Decider(_compile(tmp_path, body))
    verdict = {
        (kind, name): decider.decide(Context(f"BPF_PROG_TYPE_{kind}"), name).verdict
        for kind, name in product(("LSM", "TRACING"), ("one", "two"))
    }
    assert verdict == {
        ("LSM", "one"): "unknown",
        ("LSM", "two"): "allowed",
        ("TRACING", "one"): "refused",
        ("TRACING", "two"): "allowed",
    }


def test_an_unknown_local_that_is_not_used_does_no_harm(tmp_path: Path) -> None:
    facts = _compile(tmp_path, "int n = prog->len;\nreturn 0;")
    assert facts.not_understood == ()


def _compile(root: Path, body: str, before: str = "") -> KernelFacts:
    helpers = """\
#define IS_LSM(p) ((p)->type == BPF_PROG_TYPE_LSM)

static bool is_lsm(const struct bpf_prog *p)
{
    return p->type == BPF_PROG_TYPE_LSM;
}

static bool loops(const struct bpf_prog *p)
{
    return loops(p);
}

"""
    head = "static int the_filter(const struct bpf_prog *prog, u32 kfunc_id)"
    function = f"{head}\n{{\n{indent(body, '    ')}\n}}\n"
    sets = id_set("one two", filter_="the_filter", types="TRACING")
    text = _OTHER_SETS + before + helpers + sets + function
    return extract_set(root, text)


def _allows(decider: Decider, kind: str, name: str) -> bool:
    verdict = decider.decide(Context(f"BPF_PROG_TYPE_{kind}"), name).verdict
    assert verdict in ("allowed", "refused")
    return verdict == "allowed"


def _leaves(rule: Node) -> list[Decide | Unknown]:
    if isinstance(rule, Branch):
        return _leaves(rule.then) + _leaves(rule.otherwise)
    return [rule]
