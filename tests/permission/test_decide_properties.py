"""Properties of the decision on kernels and rule trees made at random."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.rule_form import (
    All,
    Always,
    AnyOf,
    AttachTypeIs,
    Branch,
    Condition,
    Decide,
    InSet,
    KfuncIs,
    MemberAt,
    Node,
    Not,
    StructOpsIs,
    TableHas,
    TargetIn,
    TypeIs,
    Unknown,
)
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.program_type import ProgramTypeOnly
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN
from tests.permission.small_kernel import create_filter, create_toy_kernel

ATOMS: st.SearchStrategy[Condition] = st.sampled_from(
    [
        Always(True),
        TypeIs("BPF_PROG_TYPE_STRUCT_OPS"),
        TypeIs("BPF_PROG_TYPE_EXT"),
        AttachTypeIs("BPF_TRACE_FENTRY"),
        AttachTypeIs("BPF_CGROUP_INET_INGRESS"),
        TargetIn("hooks_nobody_read"),
        StructOpsIs("toy_ops"),
        StructOpsIs(None),
        MemberAt(8),
        TableHas("toy_allow", 1),
        TableHas("table_nobody_read", 1),
        InSet("toy_any"),
        InSet("toy_dispatch"),
        InSet("set_nobody_read"),
        KfuncIs("toy_move"),
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=5,
)
ENDS: st.SearchStrategy[Node] = st.sampled_from(
    [Decide(True, "f.c", 1), Decide(False, "f.c", 2), Unknown("loop", "f.c", 3)]
)
TREES = st.recursive(
    ENDS,
    lambda inner: st.builds(Branch, CONDITIONS, st.just("f.c"), st.just(4), inner, inner),
    max_leaves=6,
)


def create_with_rule(rule: Node) -> KernelFacts:
    """Make the toy kernel with another rule in its filter."""
    return replace(create_toy_kernel(), filters=(create_filter("toy_filter", rule),))


def replace_unknown(node: Node, refuse: bool) -> Node:
    """Settle what a tree does not know, one way or the other."""
    if isinstance(node, Unknown):
        return Decide(refuse, "f.c", 5)
    if isinstance(node, Branch):
        then, otherwise = (replace_unknown(part, refuse) for part in (node.then, node.otherwise))
        return replace(node, then=then, otherwise=otherwise)
    return node


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_single_cells_and_bitsets_give_the_same_answer(rule: Node) -> None:
    decider = Decider(create_with_rule(rule))
    for context in build_contexts(decider.facts):
        allowed, possible = decider.bits(context)
        assert allowed & ~possible == 0
        for place, kfunc in enumerate(decider.kfuncs):
            verdict = decider.decide(context, kfunc)
            expected = (
                ALLOWED if allowed >> place & 1 else UNKNOWN if possible >> place & 1 else REFUSED
            )
            assert verdict.verdict == expected
            assert verdict.reasons


@settings(max_examples=60, deadline=None)
@given(TREES, st.booleans())
def test_what_is_sure_stays_so_however_the_unknown_turns_out(rule: Node, refuse: bool) -> None:
    decider = Decider(create_with_rule(rule))
    settled = Decider(create_with_rule(replace_unknown(rule, refuse)))
    for context in build_contexts(decider.facts):
        allowed, possible = decider.bits(context)
        surely, perhaps = settled.bits(context)
        assert allowed & ~surely == 0
        assert perhaps & ~possible == 0


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_program_type_alone_never_refuses_what_the_kernel_may_allow(rule: Node) -> None:
    decider = Decider(create_with_rule(rule))
    contexts = build_contexts(decider.facts)
    mechanism = ProgramTypeOnly(decider, contexts)
    for context in contexts:
        assert decider.bits(context)[1] & ~mechanism.bits(context)[0] == 0
