"""What each mechanism keeps to on kernels made at random, against what the kernel means."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.capabilities import Capabilities
from kfmap.permission.mechanisms.compare import build_mechanisms, compare_one
from kfmap.permission.mechanisms.context_filter import ContextFilter
from kfmap.permission.mechanisms.local_decision import LocalDecision
from kfmap.permission.mechanisms.mechanism import find_meant
from kfmap.permission.mechanisms.program_type import ProgramTypeOnly
from kfmap.permission.mechanisms.run_time_masks import RunTimeMaskMechanism
from kfmap.permission.mechanisms.set_filter import SetFilter
from kfmap.permission.mechanisms.table import ALL, ANY
from kfmap.permission.verdict import ALLOWED, FAILS, REFUSED, UNKNOWN
from tests.permission.random_kernels import KERNELS

ON_KERNELS = settings(max_examples=40, deadline=None)


@ON_KERNELS
@given(KERNELS)
def test_program_type_never_refuses_what_the_kernel_may_allow(facts: KernelFacts) -> None:
    decider = Decider(facts)
    contexts = build_contexts(facts)
    mechanism = ProgramTypeOnly(decider, contexts)
    for context in contexts:
        assert decider.bits(context)[1] & ~mechanism.bits(context)[0] == 0


@ON_KERNELS
@given(KERNELS)
def test_run_time_masks_end_as_the_kernel_means_in_callbacks(facts: KernelFacts) -> None:
    decider = Decider(facts)
    contexts = build_contexts(facts)
    mechanism = RunTimeMaskMechanism(decider, contexts)
    for context in contexts:
        passes, late = mechanism.bits(context)[0], mechanism.late(context)
        listed, (meant, may) = decider.listed_bits(context)[0], find_meant(decider, context)
        assert passes & late == 0
        assert meant & ~passes == 0
        if mechanism.own:
            assert passes == listed & ~late
        elif context.struct_ops:
            assert (passes, passes | late) == (may, listed)


@ON_KERNELS
@given(KERNELS, st.sampled_from([ALL, ANY]))
def test_synthesised_capabilities_equal_the_kernel_in_every_cell(
    facts: KernelFacts, reading: str
) -> None:
    decider = Decider(facts)
    contexts = build_contexts(facts)
    mechanism = Capabilities(decider, contexts, reading)
    assert mechanism.table.lower <= mechanism.table.bits <= mechanism.table.greedy
    for context in contexts:
        assert mechanism.bits(context)[0] == find_meant(decider, context)[0]


@ON_KERNELS
@given(KERNELS)
def test_local_decision_equals_the_kernel_in_callbacks_only(facts: KernelFacts) -> None:
    decider = Decider(facts)
    contexts = build_contexts(facts)
    mechanism = LocalDecision(decider, contexts)
    for context in contexts:
        told = find_meant(decider, context) if context.struct_ops else decider.listed_bits(context)
        assert mechanism.bits(context) == told


@ON_KERNELS
@given(KERNELS)
def test_set_filter_never_refuses_what_is_meant_and_takes_callbacks_for_one(
    facts: KernelFacts,
) -> None:
    decider = Decider(facts)
    contexts = build_contexts(facts)
    mechanism = SetFilter(decider, contexts)
    for context in contexts:
        assert find_meant(decider, context)[0] & ~mechanism.bits(context)[0] == 0
    assert len({mechanism.bits(context) for context in contexts if context.struct_ops}) == 1


@ON_KERNELS
@given(KERNELS)
def test_context_filter_equals_the_kernel_in_every_cell(facts: KernelFacts) -> None:
    decider = Decider(facts)
    contexts = build_contexts(facts)
    mechanism = ContextFilter(decider, contexts)
    for context in contexts:
        for kfunc in decider.kfuncs:
            kernel, told = decider.decide(context, kfunc), mechanism.decide(context, kfunc)
            means = REFUSED if kernel.run_time == FAILS else kernel.verdict
            assert told.verdict == means


@ON_KERNELS
@given(KERNELS)
def test_comparison_counts_what_single_cells_say(facts: KernelFacts) -> None:
    decider = Decider(facts)
    contexts = tuple(context for context in build_contexts(facts) if context.struct_ops)
    for mechanism in build_mechanisms(decider, contexts):
        permits = refuses = cells = 0
        for context in contexts:
            for kfunc in decider.kfuncs:
                kernel, told = decider.decide(context, kfunc), mechanism.decide(context, kfunc)
                if kernel.verdict == UNKNOWN and kernel.run_time != FAILS:
                    continue
                cells += 1
                means = kernel.verdict == ALLOWED and kernel.run_time != FAILS
                passes = told.verdict == ALLOWED and told.run_time != FAILS
                permits += passes and not means
                refuses += means and not passes
        row = compare_one(mechanism, contexts)
        assert (row.cells, row.over_permits, row.over_refuses) == (cells, permits, refuses)
