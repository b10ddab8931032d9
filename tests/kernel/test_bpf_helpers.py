"""Which helpers programs get, as the functions of small trees say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.helper_facts import HelperFacts
from kfmap.kernel.helper_json import read_helpers
from kfmap.permission.bpf_helpers import HelperAnswer, HelperDecider
from kfmap.permission.context import Context
from tests.kernel.helper_tree import FILTER, FILTER_C, HELPERS, HELPERS_C, write_helpers_tree
from tests.kernel.small_kernel import extract

TYPES_H = "include/linux/bpf_types.h"
XDP = Context("BPF_PROG_TYPE_XDP")
TC = Context("BPF_PROG_TYPE_SCHED_CLS")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> KernelFacts:
    return extract(tmp_path_factory.mktemp("tree"), write_helpers_tree())


@pytest.fixture(scope="module")
def decider(facts: KernelFacts) -> HelperDecider:
    return HelperDecider(facts)


def _helpers(facts: KernelFacts) -> HelperFacts:
    helpers = read_helpers(facts.helpers)
    assert helpers is not None
    return helpers


def _edited(root: Path, file: str, old: str, new: str) -> HelperDecider:
    files = write_helpers_tree()
    assert old in files[file]
    files[file] = files[file].replace(old, new)
    return HelperDecider(extract(root, files))


def _tracing(attach: str, target: str | None = None, *, lsm: bool = False) -> Context:
    return Context("BPF_PROG_TYPE_LSM" if lsm else "BPF_PROG_TYPE_TRACING", attach, target)


def test_a_tree_with_helpers_is_understood_whole(facts: KernelFacts) -> None:
    assert facts.not_understood == ()
    assert {(c.name, c.value) for c in _helpers(facts).helpers} >= {("probe_read", 4), ("seq", 13)}


def test_a_helper_that_a_function_names_is_there(decider: HelperDecider) -> None:
    answer = decider.decide(TC, "redirect")
    line = FILTER.split("\n").index("        return &redirect_proto;") + 1
    assert answer == HelperAnswer(
        "redirect",
        True,
        "redirect_proto gives it",
        Place(FILTER_C, line),
        (),
        "redirect_proto",
        False,
        False,
    )


def test_a_helper_that_no_function_names_is_not(decider: HelperDecider) -> None:
    answer = decider.decide(XDP, "redirect")
    assert (answer.allowed, answer.because) == (
        False,
        "program of this type cannot use helper bpf_redirect",
    )
    assert answer.place is not None
    text = HELPERS.split("\n")[answer.place.line - 1]
    assert (answer.place.file, text.strip()) == (HELPERS_C, "return NULL;")


def test_other_functions_are_asked(decider: HelperDecider) -> None:
    assert decider.decide(TC, "map_lookup_elem").allowed is True
    assert decider.decide(TC, "map_lookup_elem").needs == ()


def test_capabilities_are_named_that_an_answer_needs(decider: HelperDecider) -> None:
    assert decider.decide(XDP, "probe_read").needs == ("CAP_BPF",)
    assert decider.decide(XDP, "printk").needs == ("CAP_BPF", "CAP_PERFMON")


def test_a_weak_function_gives_way_to_the_real_one(decider: HelperDecider) -> None:
    answer = decider.decide(XDP, "printk")
    assert (answer.allowed, answer.proto, answer.gpl_only) == (True, "printk_proto", True)


def test_sleepable_programs_get_what_others_do_not(decider: HelperDecider) -> None:
    assert decider.decide(XDP, "copy").allowed is False
    answer = decider.decide(Context("BPF_PROG_TYPE_XDP", sleepable=True), "copy")
    assert (answer.allowed, answer.might_sleep) == (True, True)


def test_memory_that_is_asked_for_is_there(decider: HelperDecider) -> None:
    assert decider.decide(TC, "set_tunnel").proto == "tunnel_proto"


@pytest.mark.parametrize(
    ("attach", "allowed"),
    [("BPF_CGROUP_INET_INGRESS", True), ("BPF_TRACE_RAW_TP", True), ("BPF_LSM_MAC", False)],
)
def test_attach_types_are_told_apart(decider: HelperDecider, attach: str, allowed: bool) -> None:
    context = Context("BPF_PROG_TYPE_SCHED_CLS", attach)
    assert decider.decide(context, "sockopt").allowed is allowed


def test_iterators_have_answers_of_their_own(decider: HelperDecider) -> None:
    answers = {
        target: decider.decide(_tracing("BPF_TRACE_ITER", target), "sockopt").allowed
        for target in ("bpf_iter_tcp", "bpf_iter_task")
    }
    assert answers == {"bpf_iter_tcp": True, "bpf_iter_task": False}
    assert decider.decide(_tracing("BPF_TRACE_FENTRY", "bpf_iter_tcp"), "sockopt").allowed is False
    assert decider.decide(_tracing("BPF_TRACE_ITER"), "sockopt").allowed is None


def test_a_prototype_may_demand_a_target(decider: HelperDecider) -> None:
    allowed = decider.decide(_tracing("BPF_LSM_MAC", "bpf_lsm_file_open", lsm=True), "path")
    refused = decider.decide(_tracing("BPF_LSM_MAC", "bpf_lsm_task_free", lsm=True), "path")
    assert (allowed.allowed, refused.allowed) == (True, False)
    assert refused.because == "helper call is not allowed in probe"


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        (_tracing("BPF_TRACE_ITER"), True),
        (_tracing("BPF_TRACE_FENTRY", "tcp_connect"), True),
        (_tracing("BPF_TRACE_FENTRY", "own_storage_get"), False),
        (_tracing("BPF_TRACE_FENTRY"), None),
        (_tracing("BPF_TRACE_FEXIT", "tcp_connect"), False),
    ],
)
def test_a_prototype_may_demand_another_name(
    decider: HelperDecider, context: Context, allowed: bool | None
) -> None:
    assert decider.decide(context, "storage").allowed is allowed


def test_programs_that_nobody_answers_for_get_no_helper(decider: HelperDecider) -> None:
    answer = decider.decide(Context("BPF_PROG_TYPE_KPROBE"), "map_lookup_elem")
    assert answer.allowed is False


def test_what_is_not_known_stays_so(decider: HelperDecider, facts: KernelFacts) -> None:
    assert decider.decide(Context("BPF_PROG_TYPE_SYSCALL"), "map_lookup_elem").allowed is None
    assert decider.decide(XDP, "none_such").allowed is False
    without = HelperDecider(replace(facts, helpers=()))
    assert without.decide(XDP, "map_lookup_elem").allowed is None


def test_freplace_gets_what_its_target_gets(decider: HelperDecider) -> None:
    replacing = Context("BPF_PROG_TYPE_EXT", replaces="BPF_PROG_TYPE_SCHED_CLS")
    assert decider.decide(replacing, "redirect").allowed is True
    assert decider.decide(Context("BPF_PROG_TYPE_EXT"), "redirect").allowed is None


@pytest.mark.parametrize(
    ("old", "new", "construct"),
    [
        ("        return &redirect_proto;", "        goto out;", "goto statement"),
        ("        return &redirect_proto;", "        return find(func_id);", "call of find"),
        (
            "        return &redirect_proto;",
            "        if (prog->len > 3)\n return NULL;\n        return &redirect_proto;",
            "field len",
        ),
        (
            "        return &redirect_proto;",
            "        if (prog)\n            break;\n        return &redirect_proto;",
            "break in a branch",
        ),
    ],
)
def test_what_is_not_understood_is_unknown_with_its_line(
    tmp_path: Path, old: str, new: str, construct: str
) -> None:
    files = write_helpers_tree()
    files[FILTER_C] = files[FILTER_C].replace(old, new)
    facts = extract(tmp_path, files)
    assert construct in {problem.construct for problem in facts.not_understood}
    answer = HelperDecider(facts).decide(TC, "redirect")
    assert answer.allowed is None
    assert construct in answer.because


def test_it_does_not_matter_what_chooses_between_two_prototypes(tmp_path: Path) -> None:
    new = "        return prog->aux->odd ? &redirect_proto : &sockopt_proto;"
    decider = _edited(tmp_path, FILTER_C, "        return &redirect_proto;", new)
    answer = decider.decide(TC, "redirect")
    assert (answer.allowed, answer.might_sleep) == (True, False)


def test_functions_that_ask_each_other_end(tmp_path: Path) -> None:
    new = "    default:\n        return tc_func_proto(func_id, prog);\n    }\n    if (!bpf_token"
    old = "    default:\n        break;\n    }\n    if (!bpf_token"
    decider = _edited(tmp_path, HELPERS_C, old, new)
    assert decider.decide(TC, "copy").allowed is None


def test_a_demand_that_is_not_understood_is_unknown(tmp_path: Path) -> None:
    decider = _edited(
        tmp_path, FILTER_C, ".allowed = path_allowed", ".allowed = nobody_defines_this"
    )
    answer = decider.decide(_tracing("BPF_LSM_MAC", "bpf_lsm_file_open", lsm=True), "path")
    assert answer.allowed is None


def test_a_prototype_that_nobody_defines_is_unknown(tmp_path: Path) -> None:
    decider = _edited(tmp_path, FILTER_C, "redirect_proto = {", "other_proto = {")
    assert decider.decide(TC, "redirect").allowed is None


@pytest.mark.parametrize(
    "written", ["OWN_PROTO(redirect);", "extern const struct bpf_func_proto redirect_proto;"]
)
def test_a_prototype_whose_definition_is_not_seen_names_its_line(
    tmp_path: Path, written: str
) -> None:
    files = write_helpers_tree()
    defined = "static const struct bpf_func_proto redirect_proto = { .gpl_only = false, };"
    files[FILTER_C] = files[FILTER_C].replace(defined, written)
    facts = extract(tmp_path, files)
    answer = HelperDecider(facts).decide(TC, "redirect")
    (problem,) = facts.not_understood
    assert (problem.construct, problem.text) == ("prototype of a helper", "redirect_proto")
    assert (answer.allowed, answer.place) == (None, problem.place)


def test_a_program_type_that_a_macro_lists_is_unknown_with_its_line(tmp_path: Path) -> None:
    files = write_helpers_tree()
    listed = "BPF_PROG_TYPE(BPF_PROG_TYPE_XDP, xdp, int, int)"
    files[TYPES_H] = files[TYPES_H].replace(listed, "OWN_TYPE(XDP, xdp,\n  int, int)")
    facts = extract(tmp_path, files)
    answer = HelperDecider(facts).decide(XDP, "map_lookup_elem")
    assert (answer.allowed, str(answer.place)) == (None, f"{TYPES_H}:1")
    assert [problem.text for problem in facts.not_understood] == ["OWN_TYPE"]


def test_older_trees_count_their_helpers(tmp_path: Path) -> None:
    files = write_helpers_tree()
    header = "include/uapi/linux/bpf.h"
    files[header] = files[header].split("#define ___BPF")[0] + (
        "#define __BPF_FUNC_MAPPER(FN) FN(unspec), FN(map_lookup_elem), FN(copy)\n"
    )
    helpers = _helpers(extract(tmp_path, files)).helpers
    assert [(c.name, c.value) for c in helpers] == [
        ("unspec", 0),
        ("map_lookup_elem", 1),
        ("copy", 2),
    ]


REDIRECT = "static const struct bpf_func_proto redirect_proto = { .gpl_only = false, };"
CASE = "    case BPF_FUNC_redirect:\n        return &redirect_proto;\n"
XDP_OPS = "const struct bpf_verifier_ops xdp_verifier_ops = { .get_func_proto = base_func_proto, };"
FUNC_PROTO = "struct bpf_func_proto { void *func; bool gpl_only; };\n"


@pytest.mark.parametrize(
    "written",
    [
        REDIRECT.replace("false", "!0"),
        "#define YES true\n" + REDIRECT.replace("false", "YES"),
        REDIRECT.replace("false", "IS_ENABLED(CONFIG_NET)"),
        FUNC_PROTO + REDIRECT.replace(".gpl_only = false", "redirect, true"),
        "#define GPL .gpl_only = true\n" + REDIRECT.replace(".gpl_only = false", "GPL"),
        REDIRECT.replace(".gpl_only = false", ".gpl_only = false, .gpl_only = true"),
    ],
)
def test_a_licence_is_asked_for_however_that_is_written(tmp_path: Path, written: str) -> None:
    answer = _edited(tmp_path, FILTER_C, REDIRECT, written).decide(TC, "redirect")
    assert (answer.allowed, answer.gpl_only) == (True, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (REDIRECT, REDIRECT.replace("false", "own_value()")),
        (REDIRECT, f"#if OWN(3)\n{REDIRECT}\n#else\n{REDIRECT}\n#endif"),
        (CASE, "    ALLOW(redirect)\n"),
        (CASE, CASE.replace("BPF_FUNC_redirect", "REDIRECTING")),
        (CASE, CASE.replace("BPF_FUNC_redirect", "8")),
        (CASE, f"#if OWN(3)\n{CASE}#endif\n"),
    ],
    ids=["value", "#if of a prototype", "macro", "label by a macro", "number", "#if of a case"],
)
def test_an_answer_that_is_written_otherwise_is_not_guessed(
    tmp_path: Path, old: str, new: str
) -> None:
    files = write_helpers_tree()
    macros = (
        "#define ALLOW(x) case BPF_FUNC_##x: return &x##_proto;\n"
        "#define REDIRECTING BPF_FUNC_redirect\n"
    )
    files[FILTER_C] = macros + files[FILTER_C].replace(old, new)
    facts = extract(tmp_path, files)
    assert HelperDecider(facts).decide(TC, "redirect").allowed is None
    assert FILTER_C in {item.place.file for item in facts.not_understood}


@pytest.mark.parametrize(
    "written",
    [
        XDP_OPS.replace(".get_func_proto = ", ""),
        XDP_OPS.replace("const ", "").replace("base_func_proto", "tc_func_proto")
        + "\nstatic int __init change(void)\n{\n"
        "    xdp_verifier_ops.get_func_proto = base_func_proto;\n    return 0;\n}",
        XDP_OPS.replace("const struct", "__weak const struct"),
        f"#if OWN(3)\n{XDP_OPS}\n#else\n{XDP_OPS}\n#endif",
    ],
    ids=["by position", "changed later", "weak", "#if"],
)
def test_operations_that_are_not_known_answer_for_nobody(tmp_path: Path, written: str) -> None:
    decider = _edited(tmp_path, FILTER_C, XDP_OPS, written)
    assert decider.decide(XDP, "map_lookup_elem").allowed is None


def test_a_function_that_is_asked_for_another_helper_is_not_followed(tmp_path: Path) -> None:
    asked = "return tunnel_func_proto(func_id);"
    other = "return tunnel_func_proto(BPF_FUNC_redirect);"
    assert _edited(tmp_path, FILTER_C, asked, other).decide(TC, "set_tunnel").allowed is None
