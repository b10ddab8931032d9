"""What becomes of a call: one rule a test, on toys; then every bundled kernel, cell by cell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.catalogue.bundled_kernels import BundledKernel
from kfmap.kernel.facts import KernelFacts, Kfunc, Member, NotUnderstood, Place
from kfmap.kernel.program_facts import KernelPart, LeftOut
from kfmap.permission.asking import find_context
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.missing import find_missing
from kfmap.permission.outcome import OutcomeJudge, find_outcome
from kfmap.permission.outcome_bits import OutcomeColumns
from kfmap.permission.outcome_words import LETTERS, NEEDS, OUTCOMES, TITLES
from kfmap.permission.verdict import Outcome
from tests.bundled import different_kernels
from tests.permission.small_kernel import (
    create_kernel,
    create_member,
    create_registration,
    create_set,
    create_struct_ops,
    create_toy_kernel,
)

ENQUEUE, INIT = "struct_ops:toy_ops.enqueue", "struct_ops:toy_ops.init"


def create_one(*flags: str, program_type: str = "STRUCT_OPS", **changes: object) -> KernelFacts:
    """Make a kernel with the kfunc bpf_it, which programs of one type may call."""
    kfunc = Kfunc("bpf_it", "vmlinux", "void bpf_it(void)", None, None, None)
    return create_kernel(
        (create_set("ids", "bpf_it", flags=flags),),
        (create_registration(program_type, "ids"),),
        kfuncs=(replace(kfunc, **changes),),  # type: ignore[arg-type]
    )


def with_member(facts: KernelFacts, **changes: object) -> KernelFacts:
    """Return the kernel with one callback, `run`, of the given kind."""
    members: tuple[Member, ...] = (create_member("run", 0, **changes),)
    return replace(facts, struct_ops=(replace(create_struct_ops(), members=members),))


def ask(facts: KernelFacts, context: str, kfunc: str = "bpf_it", *others: KernelFacts) -> Outcome:
    """Return the outcome on a kernel."""
    judge = OutcomeJudge(Decider(facts), lambda: map(Decider, others))
    return judge.decide(find_context(context, facts, others), kfunc)


def test_what_an_unread_registration_may_allow_is_unknown() -> None:
    unread = NotUnderstood(Place("net/toy.c", 7), "registration", "toy_kset")
    facts = replace(create_toy_kernel(), not_understood=(unread,))
    judge = OutcomeJudge(Decider(facts), is_function=lambda name: True)
    outcome = judge.decide(Context("BPF_PROG_TYPE_XDP"), "bpf_nowhere")
    assert outcome.outcome == "unknown"
    assert "could not be read" in outcome.because.text


def test_a_sleepable_kfunc_wants_the_sleepable_form_where_there_is_one() -> None:
    facts = create_one("KF_SLEEPABLE")
    outcome = ask(facts, INIT)
    assert outcome.outcome == "only_if_sleepable"
    assert outcome.verdict.verdict == "allowed"
    assert "sleepable" in outcome.needs
    assert 'SEC("struct_ops.s/init")' in outcome.because.text
    assert outcome.instead == ("struct_ops.s:toy_ops.init",)


def test_the_sleepable_form_is_allowed_and_needs_to_be_sleepable() -> None:
    outcome = ask(create_one("KF_SLEEPABLE"), "struct_ops.s:toy_ops.init")
    assert outcome.outcome == "allowed"
    assert outcome.works
    assert outcome.needs == ("sleepable", "gpl")


@pytest.mark.parametrize(
    ("program_type", "context"), [("STRUCT_OPS", ENQUEUE), ("XDP", "xdp"), ("SCHED_CLS", "tc")]
)
def test_a_sleepable_kfunc_does_not_load_where_no_program_may_sleep(
    program_type: str, context: str
) -> None:
    outcome = ask(create_one("KF_SLEEPABLE", program_type=program_type), context)
    assert outcome.outcome == "will_not_load"
    assert "may sleep" in outcome.because.text
    assert "may not sleep" in outcome.because.text
    assert outcome.because.file


def test_a_program_that_asks_to_sleep_where_it_may_not_does_not_load_whatever_it_calls() -> None:
    outcome = ask(create_one(), "struct_ops.s:toy_ops.enqueue")
    assert outcome.outcome == "will_not_load"
    assert outcome.instead[0] == ENQUEUE


def test_a_member_that_no_program_can_implement_is_not_allowed() -> None:
    outcome = ask(with_member(create_one(), supported=False), "struct_ops:toy_ops.run")
    assert (outcome.outcome, outcome.verdict.verdict) == ("will_not_load", "allowed")
    assert outcome.because.text == "no program can implement toy_ops.run"
    unsure = ask(with_member(create_one(), supported=None), "struct_ops:toy_ops.run")
    assert unsure.outcome == "unknown"


def test_a_member_that_must_sleep_wants_the_sleepable_form_of_every_call() -> None:
    facts = with_member(create_one(), sleepable="must")
    assert ask(facts, "struct_ops:toy_ops.run").outcome == "only_if_sleepable"
    assert ask(facts, "struct_ops.s:toy_ops.run").needs == ("sleepable", "gpl")


def test_a_kfunc_that_btf_has_lost_does_not_load_anywhere() -> None:
    outcome = ask(create_one("KF_IMPLICIT_ARGS", callable_in_btf=False), ENQUEUE)
    assert outcome.outcome == "will_not_load"
    assert "BTF lacks bpf_it_impl" in outcome.because.text
    assert outcome.instead == ()


@pytest.mark.parametrize(
    ("facts", "need"),
    [
        (create_one("KF_DESTRUCTIVE"), "sys_boot"),
        (create_one("KF_PERFMON"), "perfmon"),
        (create_one("KF_ARENA_ARG1"), "arena"),
        (create_one(prototype="void bpf_it(void *p__arena)"), "arena"),
        (create_one(device_bound=True), "device_bound"),
        (create_one(owner="toy_module"), "module"),
    ],
)
def test_what_a_call_needs_leaves_it_allowed(facts: KernelFacts, need: str) -> None:
    outcome = ask(facts, ENQUEUE)
    assert outcome.outcome == "allowed"
    assert outcome.needs == (need, "gpl")


def test_what_a_callback_needs_counts_as_well() -> None:
    facts = with_member(create_one(), needs=("arena", "private stack"))
    assert ask(facts, "struct_ops:toy_ops.run").needs == ("arena", "private_stack", "gpl")


def test_a_refusal_says_where_the_filter_lets_it() -> None:
    outcome = ask(create_toy_kernel(), "struct_ops:toy_ops.running", "toy_move")
    assert outcome.outcome == outcome.verdict.verdict == "refused"
    assert outcome.because.text == "toy_filter lets toy_move only into dispatch"
    assert (outcome.because.file, outcome.because.line) == ("kernel/filter.c", 74)
    assert outcome.instead == ("struct_ops:toy_ops.dispatch",)
    assert outcome.needs == ()


def test_a_refusal_outside_the_sets_says_for_what_the_kfunc_is_registered() -> None:
    outcome = ask(create_toy_kernel(), "tc", "bpf_xdp_it")
    assert outcome.because.text == "bpf_xdp_it is registered for xdp programs only, not for tc"
    assert outcome.because.line == 200
    assert outcome.instead == ("xdp",)


def test_a_kprobe_program_is_never_sent_to_another_kind_of_work() -> None:
    facts = create_toy_kernel()
    assert ask(facts, "kprobe", "bpf_xdp_it").instead == ()
    tracing = ask(facts, "kprobe", "bpf_trace_it").instead
    assert tracing
    assert all(name.startswith(("tracepoint", "lsm", "f", "tp_btf", "iter")) for name in tracing)


def test_a_helper_is_unknown_where_only_kfuncs_are_known() -> None:
    outcome = ask(create_toy_kernel(), "xdp", "bpf_map_lookup_elem")
    assert (outcome.outcome, outcome.kind) == ("unknown", "helper")
    assert "a helper, not a kfunc; of small, kfmap knows kfuncs only" in outcome.because.text
    assert outcome.verdict.verdict == "unknown"


def test_a_function_that_is_no_kfunc_is_said_to_be_that() -> None:
    facts = create_toy_kernel()
    judge = OutcomeJudge(Decider(facts), is_function=lambda name: name == "do_exit")
    outcome = judge.decide(find_context("xdp", facts), "do_exit")
    assert outcome.outcome == "not_a_kfunc"
    assert judge.decide(find_context("xdp", facts), "nothing").outcome == "not_on_this_kernel"


def test_a_tracepoint_that_the_kernel_lacks_is_said() -> None:
    facts = create_toy_kernel()
    judge = OutcomeJudge(Decider(facts), is_function=lambda name: name == "__traceiter_toy_switch")
    lacking = judge.decide(find_context("tp_btf/nothing", facts), "bpf_trace_it")
    assert lacking.outcome == "not_on_this_kernel"
    assert lacking.because.text == "small has no tracepoint nothing"
    there = judge.decide(find_context("tp_btf/toy_switch", facts), "bpf_trace_it")
    assert there.outcome != "not_on_this_kernel"


def test_what_a_kernel_lacks_is_said_with_the_kernels_that_have_it() -> None:
    have = replace(create_toy_kernel(), name="9.1")
    lacks = replace(create_toy_kernel(struct_ops=()), name="9.0")
    outcome = ask(lacks, ENQUEUE, "toy_insert", have)
    assert outcome.outcome == "not_on_this_kernel"
    assert outcome.because.text == "9.0 has no struct_ops type toy_ops; 9.1 has it"
    gone = ask(create_one(), ENQUEUE, "toy_insert", have)
    assert gone.because.text == "small has no kfunc toy_insert; 9.1 has it"


def test_what_the_configuration_leaves_out_names_the_option() -> None:
    place = Place("kernel/Makefile", 7)
    options = ("CONFIG_TOY", "CONFIG_TOYS")
    left_out = (LeftOut(KernelPart.STRUCT_OPS, "gone_ops", options, place),)
    facts = replace(create_toy_kernel(), name="9.0", left_out=left_out)
    outcome = ask(facts, "gone_ops.enqueue", "toy_insert")
    assert outcome.outcome == "not_on_this_kernel"
    assert outcome.because.text == (
        "9.0 has no struct_ops type gone_ops: CONFIG_TOY and CONFIG_TOYS are off"
    )
    assert outcome.because.line == 7


def test_a_program_type_that_is_not_built_is_not_on_the_kernel() -> None:
    left_out = (
        LeftOut(KernelPart.PROGRAM_TYPE, "BPF_PROG_TYPE_XDP", ("CONFIG_NET",), Place("a.h", 1)),
    )
    facts = replace(create_toy_kernel(), left_out=left_out)
    outcome = ask(facts, "xdp", "bpf_xdp_it")
    assert outcome.outcome == "not_on_this_kernel"
    assert outcome.because.text.endswith("program type BPF_PROG_TYPE_XDP: CONFIG_NET is off")


def test_renamed_kfuncs_are_named_instead_where_they_work() -> None:
    facts = create_kernel(
        (create_set("ids", "bpf_obj_new", "scx_bpf_dsq_insert", "scx_bpf_dsq_insert___v2"),),
        (create_registration("STRUCT_OPS", "ids"),),
    )
    renamed = ask(facts, ENQUEUE, "scx_bpf_dispatch").instead
    assert renamed == ("scx_bpf_dsq_insert", "scx_bpf_dsq_insert___v2")
    assert ask(facts, ENQUEUE, "bpf_obj_new_impl").instead == ("bpf_obj_new",)
    assert ask(facts, "xdp", "bpf_obj_new_impl").instead == ()  # refused there


def test_entries_that_differ_in_sleeping_are_not_known() -> None:
    facts = create_kernel(
        (create_set("one", "bpf_it", flags=("KF_SLEEPABLE",)), create_set("two", "bpf_it")),
        (create_registration("XDP", "one"), create_registration("XDP", "two")),
    )
    outcome = ask(facts, "xdp")
    assert outcome.outcome == "unknown"
    assert "differ in flags" in outcome.because.text


@pytest.mark.parametrize("context", ["xdp", "struct_ops:toy_ops.enqueue", "syscall"])
def test_what_the_compiler_puts_where_nothing_may_come_loads_nowhere(context: str) -> None:
    facts = create_kernel(
        (create_set("all", "__bpf_trap"),), (create_registration("UNSPEC", "all"),)
    )
    outcome = ask(facts, context, "__bpf_trap")
    assert (outcome.verdict.verdict, outcome.outcome) == ("allowed", "will_not_load")
    assert outcome.because.text.startswith("the compiler puts __bpf_trap where a value")
    assert outcome.instead == ()


def test_every_outcome_has_words() -> None:
    assert set(TITLES) == set(OUTCOMES)
    assert set(LETTERS.values()) == set(OUTCOMES) - {"not_a_kfunc"}


@pytest.mark.parametrize("bundled", different_kernels(), ids=lambda item: item.name)
def test_columns_agree_with_single_cells(bundled: BundledKernel) -> None:
    facts = bundled.read_facts()
    decider = Decider(facts)
    columns = OutcomeColumns(decider)
    own = build_contexts(facts)
    contexts = dict.fromkeys((*own, *(replace(item, sleepable=True) for item in own)))
    for number, context in enumerate(contexts):
        column = columns.column(context, *decider.bits(context))
        for row in range(number % 17, len(decider.kfuncs), 17):
            kfunc = decider.kfuncs[row]
            missing = find_missing(decider, context, kfunc)
            single = find_outcome(decider, context, decider.decide(context, kfunc))
            assert column.word(row) == ("not_on_this_kernel" if missing else single)


@pytest.mark.parametrize("bundled", different_kernels(), ids=lambda item: item.name)
def test_every_answer_is_one_sentence_and_advises_only_what_works(bundled: BundledKernel) -> None:
    facts = bundled.read_facts()
    judge = OutcomeJudge(Decider(facts))
    kfuncs = judge.decider.kfuncs
    for number, context in enumerate(build_contexts(facts)):
        kfunc = kfuncs[number * 7 % len(kfuncs)]
        outcome = judge.decide(context, kfunc)
        assert outcome.outcome in OUTCOMES
        assert set(outcome.needs) <= NEEDS.keys()
        assert outcome.because.text
        assert not outcome.because.text.endswith(".")
        for name in outcome.instead[:5]:
            if name in kfuncs:
                assert judge.decide(context, name).outcome in ("allowed", "only_if_sleepable")
            elif name != "bpf_wq":
                assert judge.decide(find_context(name, facts), kfunc).outcome == "allowed", name
