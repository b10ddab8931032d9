"""The decision on hand-worked kernels, cell by cell."""

from dataclasses import replace

import pytest

from kfmap.kernel.facts import REGISTERING, KernelFacts, NotUnderstood, Observed, Place, SetKind
from kfmap.kernel.rule_form import InSet, MemberAt, Not, TargetIn, TypeIs, Unknown
from kfmap.permission.context import Context
from kfmap.permission.context_text import parse_context
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN, Verdict
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


def decide(facts: KernelFacts, context: str, kfunc: str) -> Verdict:
    return Decider(facts).decide(parse_context(context, facts), kfunc)


def rules(verdict: Verdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons]


TOY_CELLS = [
    ("xdp", "bpf_common", ALLOWED),
    ("sk_lookup", "bpf_common", ALLOWED),  # a type without a hook has the common kfuncs
    ("sk_lookup", "bpf_xdp_it", REFUSED),
    ("xdp", "bpf_xdp_it", ALLOWED),
    ("tc", "bpf_xdp_it", REFUSED),
    ("lsm:file_open", "bpf_trace_it", ALLOWED),  # registered for TRACING, LSM shares the hook
    ("struct_ops:toy_ops.enqueue", "toy_insert", ALLOWED),  # its set has no filter, its hook has
    ("struct_ops:toy_ops.running", "toy_insert", REFUSED),
    ("struct_ops:toy_ops.enqueue", "toy_move", REFUSED),
    ("struct_ops:toy_ops.dispatch", "toy_move", ALLOWED),
    ("struct_ops:toy_ops.running", "toy_both", ALLOWED),  # in two sets: the wider one counts
    ("struct_ops:other_ops.start", "toy_now", REFUSED),
]


@pytest.mark.parametrize(("context", "kfunc", "verdict"), TOY_CELLS)
def test_decide_gives_the_hand_worked_verdict(context: str, kfunc: str, verdict: str) -> None:
    assert decide(create_toy_kernel(), context, kfunc).verdict == verdict


def test_decide_gives_reasons_in_the_order_of_the_kernel() -> None:
    verdict = decide(create_toy_kernel(), "struct_ops:toy_ops.enqueue", "toy_move")
    assert rules(verdict) == ["common", "hook", "set", "branch", "branch", "table", "filter"]
    assert (verdict.reasons[-1].file, verdict.reasons[-1].line) == ("kernel/filter.c", 74)
    assert "ALLOW_ENQUEUE" in verdict.reasons[-2].text
    assert verdict.reasons[-2].line == 41


def test_decide_stops_at_the_common_hook_when_that_allows() -> None:
    verdict = decide(create_toy_kernel(), "xdp", "bpf_common")
    assert rules(verdict) == ["common"]


def test_decide_refuses_a_kfunc_no_set_has() -> None:
    verdict = decide(create_toy_kernel(), "xdp", "bpf_nowhere")
    assert (verdict.verdict, rules(verdict)) == (REFUSED, ["no_kfunc"])


@pytest.mark.parametrize("construct", sorted(REGISTERING))
def test_decide_refuses_nothing_for_sure_where_a_registration_could_not_be_read(
    construct: str,
) -> None:
    """Whatever it registers might be the very kfunc, and the hook the very context."""
    unread = NotUnderstood(Place("net/toy.c", 7), construct, "toy_kset")
    facts = replace(create_toy_kernel(), not_understood=(unread,))
    for context, kfunc in (("xdp", "bpf_nowhere"), ("tc", "toy_insert")):
        verdict = decide(facts, context, kfunc)
        assert (verdict.verdict, rules(verdict)[-1]) == (UNKNOWN, "unread_registration")
        assert (verdict.reasons[-1].file, verdict.reasons[-1].line) == ("net/toy.c", 7)
    assert decide(facts, "xdp", "bpf_common").verdict == ALLOWED
    decider = Decider(facts)
    bits = decider.bits(Context("BPF_PROG_TYPE_XDP"))
    letters = {bits.letter(place) for place in range(len(decider.kfuncs))}
    assert letters == {"A", "?"}


def test_decide_is_as_sure_as_ever_where_something_else_could_not_be_read() -> None:
    other = NotUnderstood(Place("net/toy.c", 7), "run-time masks", "9 mask bits")
    facts = replace(create_toy_kernel(), not_understood=(other,))
    assert decide(facts, "xdp", "bpf_nowhere").verdict == REFUSED


def test_decide_ignores_common_where_the_kernel_has_none() -> None:
    facts = create_toy_kernel(common=False)
    assert decide(facts, "xdp", "bpf_common").verdict == REFUSED


def test_decide_runs_every_filter_of_the_hook_for_every_kfunc_of_the_hook() -> None:
    facts = create_kernel(
        (create_set("ours", "bpf_ours"), create_set("theirs", "bpf_theirs")),
        (create_registration("XDP", "ours"), create_registration("XDP", "theirs", "strict")),
        (create_filter("strict", refuse()),),
    )
    assert decide(facts, "xdp", "bpf_ours").verdict == REFUSED


def test_decide_applies_filters_only_within_one_btf_object() -> None:
    facts = create_kernel(
        (create_set("ours", "bpf_ours"), create_set("theirs", "mod_theirs", owner="toymod")),
        (
            create_registration("XDP", "ours", "strict"),
            create_registration("XDP", "theirs", owner="toymod"),
        ),
        (create_filter("strict", refuse()),),
    )
    assert decide(facts, "xdp", "bpf_ours").verdict == REFUSED
    verdict = decide(facts, "xdp", "mod_theirs")
    assert verdict.verdict == ALLOWED
    assert [layer.kind for layer in verdict.layers] == ["module"]


def test_decide_shows_filters_the_freplace_type_but_uses_the_hook_of_the_replaced_one() -> None:
    rule = branch(Not(TypeIs("BPF_PROG_TYPE_SYSCALL")), refuse(), let_pass())
    facts = create_kernel(
        (create_set("ids", "bpf_it"), create_set("free", "bpf_free")),
        (create_registration("SYSCALL", "ids", "only_syscall"), create_registration("XDP", "free")),
        (create_filter("only_syscall", rule),),
    )
    assert decide(facts, "syscall", "bpf_it").verdict == ALLOWED
    assert decide(facts, "freplace:syscall", "bpf_it").verdict == REFUSED
    assert decide(facts, "freplace:xdp", "bpf_free").verdict == ALLOWED
    assert decide(facts, "freplace:tc", "bpf_free").verdict == REFUSED


def test_decide_takes_fmodret_for_no_permission() -> None:
    facts = create_kernel(
        (create_set("ids", "bpf_it"),),
        (create_registration("TRACING", "ids", hook="BTF_KFUNC_HOOK_FMODRET"),),
    )
    assert decide(facts, "fmod_ret", "bpf_it").verdict == REFUSED


def test_decide_says_unknown_with_the_construct_and_its_line() -> None:
    rule = branch(InSet("ids"), Unknown("switch statement", "kernel/filter.c", 77), let_pass())
    facts = create_kernel(
        (create_set("ids", "bpf_it"), create_set("rest", "bpf_rest")),
        (create_registration("XDP", "ids", "odd"), create_registration("XDP", "rest")),
        (create_filter("odd", rule),),
    )
    verdict = decide(facts, "xdp", "bpf_it")
    assert verdict.verdict == UNKNOWN
    assert "switch statement" in verdict.reasons[-1].text
    assert verdict.reasons[-1].line == 77
    assert decide(facts, "xdp", "bpf_rest").verdict == ALLOWED


def test_decide_refuses_when_another_filter_surely_refuses_what_one_may() -> None:
    facts = create_kernel(
        (create_set("ids", "bpf_it"), create_set("rest", "bpf_rest")),
        (create_registration("XDP", "ids", "odd"), create_registration("XDP", "rest", "strict")),
        (
            create_filter("odd", Unknown("loop", "kernel/filter.c", 7)),
            create_filter("strict", refuse()),
        ),
    )
    assert decide(facts, "xdp", "bpf_it").verdict == REFUSED


def test_decide_takes_a_row_past_the_table_for_unknown() -> None:
    facts = create_toy_kernel()
    short = replace(facts.tables[0], length=2, rows=facts.tables[0].rows[:1])
    facts = replace(facts, tables=(short,))
    verdict = decide(facts, "struct_ops:toy_ops.dispatch", "toy_move")
    assert verdict.verdict == UNKNOWN
    assert any("past its end" in reason.text for reason in verdict.reasons)


def test_decide_compares_attach_targets_and_member_offsets() -> None:
    hooks = create_set("hook_list", "bpf_lsm_file_open", kind=SetKind.LIST)
    by_target = branch(TargetIn("hook_list"), let_pass(), refuse())
    by_member = branch(MemberAt(8), let_pass(), refuse())
    facts = create_kernel(
        (create_set("ids", "bpf_it"), create_set("ops", "toy_it"), hooks),
        (
            create_registration("LSM", "ids", "by_target"),
            create_registration("STRUCT_OPS", "ops", "by_member"),
        ),
        (create_filter("by_target", by_target), create_filter("by_member", by_member)),
    )
    assert decide(facts, "lsm:file_open", "bpf_it").verdict == ALLOWED
    assert decide(facts, "lsm:task_free", "bpf_it").verdict == REFUSED
    assert decide(facts, "struct_ops:toy_ops.enqueue", "toy_it").verdict == ALLOWED
    assert decide(facts, "struct_ops:toy_ops.dispatch", "toy_it").verdict == REFUSED


def test_decide_loses_all_kfuncs_of_an_object_whose_hook_overflows() -> None:
    sets = (create_set("many", "bpf_a", "bpf_b"), create_set("more", "bpf_c"))
    registrations = (create_registration("XDP", "many"), create_registration("XDP", "more"))
    assert (
        decide(create_kernel(sets, registrations, set_limit=3), "xdp", "bpf_a").verdict == ALLOWED
    )
    verdict = decide(create_kernel(sets, registrations, set_limit=2), "xdp", "bpf_a")
    assert (verdict.verdict, rules(verdict)[-1]) == (REFUSED, "overflow")


def test_decide_counts_a_filter_once_a_hook_against_the_limit() -> None:
    sets = (create_set("one", "bpf_a"), create_set("two", "bpf_b"))
    same = (create_registration("XDP", "one", "f"), create_registration("XDP", "two", "f"))
    other = (create_registration("XDP", "one", "f"), create_registration("XDP", "two", "g"))
    filters = (create_filter("f", let_pass()), create_filter("g", let_pass()))
    assert (
        decide(create_kernel(sets, same, filters, filter_limit=1), "xdp", "bpf_a").verdict
        == ALLOWED
    )
    assert (
        decide(create_kernel(sets, other, filters, filter_limit=1), "xdp", "bpf_a").verdict
        == REFUSED
    )


def test_decide_refuses_program_types_and_members_the_kernel_lacks() -> None:
    decider = Decider(create_toy_kernel())
    for context in (
        Context("BPF_PROG_TYPE_NETFILTER"),
        Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="sched_ext_ops", member="enqueue"),
        Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member="nothing"),
    ):
        verdict = decider.decide(context, "bpf_common")
        assert (verdict.verdict, rules(verdict)) == (REFUSED, ["context"])
        assert decider.bits(context) == (0, 0)


def test_decide_keeps_an_attach_type_the_kernel_lacks_apart_from_all_it_has() -> None:
    facts = create_toy_kernel()
    context = Context("BPF_PROG_TYPE_KPROBE", "BPF_TRACE_UPROBE_SESSION")
    verdict = Decider(facts).decide(context, "bpf_common")
    assert verdict.verdict == ALLOWED
    assert [layer.kind for layer in verdict.layers] == ["attach_type"]


def test_decide_says_unknown_where_the_hook_of_a_type_was_not_read() -> None:
    facts = create_toy_kernel()
    facts = replace(facts, hook_of=facts.hook_of[:1])
    assert decide(facts, "xdp", "bpf_xdp_it").verdict == UNKNOWN
    assert decide(facts, "xdp", "bpf_common").verdict == ALLOWED


def test_decide_says_unknown_where_a_filter_was_not_read() -> None:
    facts = replace(create_toy_kernel(), filters=())
    assert decide(facts, "struct_ops:toy_ops.enqueue", "toy_insert").verdict == UNKNOWN


def test_decide_answers_from_observation_where_there_are_no_rules() -> None:
    facts = replace(
        create_kernel(),
        observed_kfuncs=("bpf_a", "bpf_b", "bpf_c"),
        observed=(Observed("BPF_PROG_TYPE_XDP", None, None, None, None, False, "AD?"),),
    )
    answers = [decide(facts, "xdp", kfunc) for kfunc in ("bpf_a", "bpf_b", "bpf_c")]
    assert [answer.verdict for answer in answers] == [ALLOWED, REFUSED, UNKNOWN]
    assert rules(answers[0]) == ["observed"]
    assert decide(facts, "tc", "bpf_a").verdict == UNKNOWN
    assert Decider(facts).bits(Context("BPF_PROG_TYPE_XDP")) == (0b001, 0b101)
