"""Findings on hand-worked kernels: one rule a test, and silence where nothing is wrong."""

import json
from dataclasses import replace

from kfmap.kernel.facts import KernelFacts, Kfunc, NotUnderstood, Place
from kfmap.kernel.rule_form import InSet, Not
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.findings.build_health import find_hidden
from kfmap.permission.findings.lint import lint_kernel, render_lint_json, render_lint_text
from kfmap.permission.findings.naive_views import count_wrong
from tests.permission.small_kernel import (
    branch,
    create_filter,
    create_kernel,
    create_registration,
    create_set,
    create_toy_kernel,
    let_pass,
    refuse,
)


def found(facts: KernelFacts, kind: str) -> list[str]:
    return [item.subject for item in lint_kernel(Decider(facts)) if item.kind == kind]


def create_plain_kernel() -> KernelFacts:
    return create_kernel((create_set("ids", "bpf_it"),), (create_registration("XDP", "ids"),))


def test_a_plain_kernel_has_no_findings_but_the_cells_of_naive_views() -> None:
    assert {item.kind for item in lint_kernel(Decider(create_plain_kernel()))} == set()


def test_multi_set_names_the_kfunc_its_sets_and_a_wrapper() -> None:
    findings = lint_kernel(Decider(create_toy_kernel()))
    (finding,) = [item for item in findings if item.kind == "multi_set"]
    assert finding.subject == "toy_both"
    assert "toy_any, toy_dispatch" in finding.text
    assert "toy_both_dispatch() in toy_dispatch" in finding.suggestion
    assert len(finding.places) == 2


def test_multi_hook_groups_kfuncs_by_hooks_and_says_that_filters_differ() -> None:
    only = create_filter("only", branch(InSet("ids"), refuse(), let_pass()))
    facts = create_kernel(
        (create_set("ids", "bpf_a", "bpf_b"), create_set("more", "bpf_c")),
        (
            create_registration("XDP", "ids", "only"),
            create_registration("SYSCALL", "ids"),
            create_registration("XDP", "more"),
        ),
        (only,),
    )
    (finding,) = [item for item in lint_kernel(Decider(facts)) if item.kind == "multi_hook"]
    assert finding.subject == "SYSCALL, XDP"
    words = "2 kfuncs are on each of these hooks, which run other filters: bpf_a, bpf_b"
    assert finding.text == words


def test_flag_copies_are_a_defect() -> None:
    facts = create_kernel(
        (create_set("one", "bpf_it", flags=("KF_SLEEPABLE",)), create_set("two", "bpf_it")),
        (create_registration("XDP", "one"), create_registration("SYSCALL", "two")),
    )
    assert found(facts, "flag_copies") == ["bpf_it"]


def test_overreach_names_a_filter_that_refuses_what_is_not_its_own() -> None:
    strict = create_filter("strict", branch(Not(InSet("own")), refuse(), let_pass()))
    facts = create_kernel(
        (create_set("own", "bpf_own"), create_set("other", "bpf_other")),
        (create_registration("XDP", "own", "strict"), create_registration("XDP", "other")),
        (strict,),
    )
    assert found(facts, "filter_overreach") == ["strict"]
    assert found(create_toy_kernel(), "filter_overreach") == []


def test_governed_elsewhere_names_the_set_without_filter() -> None:
    assert found(create_toy_kernel(), "governed_elsewhere") == ["toy_enqueue"]


def test_foreign_exposure_counts_kfuncs_of_other_types() -> None:
    facts = create_toy_kernel()
    ops = replace(facts.struct_ops[1], place=Place("net/other.c", 3))
    foreign = replace(create_set("net_ids", "net_it"), place=Place("net/other.c", 9))
    facts = replace(
        facts,
        struct_ops=(facts.struct_ops[0], ops),
        sets=(*facts.sets, foreign),
        registrations=(*facts.registrations, create_registration("STRUCT_OPS", "net_ids")),
    )
    findings = [item for item in lint_kernel(Decider(facts)) if item.kind == "foreign_exposure"]
    assert [(item.subject, item.cells) for item in findings] == [("toy_ops", 5)]
    assert "net_it" in findings[0].text


def test_open_to_tracing_names_sleeping_kfuncs() -> None:
    assert found(create_toy_kernel(), "open_to_tracing") == ["bpf_trace_it"]


def test_build_health_names_lost_and_untagged_kfuncs_and_full_hooks() -> None:
    facts = create_plain_kernel()
    lost = Kfunc("bpf_it", "vmlinux", "", None, True, False)
    assert found(replace(facts, kfuncs=(lost,)), "lost_in_btf") == ["bpf_it"]
    untagged = replace(lost, tagged=False, callable_in_btf=True)
    assert found(replace(facts, kfuncs=(untagged,)), "untagged") == ["bpf_it"]
    full = replace(facts, decision=replace(facts.decision, set_limit=1))
    assert found(full, "hook_limit") == ["XDP of vmlinux"]
    two = create_kernel(
        (create_set("ids", "bpf_a", "bpf_b"),), (create_registration("XDP", "ids"),), set_limit=1
    )
    assert found(two, "hook_limit") == ["vmlinux"]


def test_hidden_names_what_the_configuration_leaves_out() -> None:
    everything = create_toy_kernel()
    assert "toy_now" in {item.subject for item in find_hidden(create_plain_kernel(), everything)}


def test_not_understood_constructs_are_findings() -> None:
    odd = NotUnderstood(Place("kernel/odd.c", 3), "goto", "jump backwards")
    assert found(replace(create_plain_kernel(), not_understood=(odd,)), "not_understood") == [
        "goto"
    ]


def test_member_classes_tell_members_with_equal_rights() -> None:
    findings = lint_kernel(Decider(create_toy_kernel()))
    (finding,) = [item for item in findings if item.kind == "member_classes"]
    assert "5 members in 3 classes" in finding.text


def test_naive_views_are_wrong_where_the_kernel_is_not_naive() -> None:
    facts = create_toy_kernel()
    counts = {w.view: w.cells for w in count_wrong(Decider(facts), build_contexts(facts))}
    assert counts["separate_filters"] == 4  # toy_both in the four members but dispatch
    assert counts["own_filter"] == 3 + 2  # toy_insert in three members and two of other_ops
    assert counts["ignore_filters"] > 0
    assert counts["ignore_common"] == len(build_contexts(facts))  # bpf_common everywhere


def test_lint_is_rendered_as_text_and_json() -> None:
    findings = lint_kernel(Decider(create_toy_kernel()))
    assert "warning: multi_set: toy_both" in render_lint_text(findings)
    body = json.loads(render_lint_json("small", findings))
    assert (body["version"], body["kernel"]) == (1, "small")
    assert len(body["findings"]) == len(findings)
