"""Small kernels made at random: the toy with another rule in its filter, or with run-time masks."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from kfmap.kernel.facts import Constant, Guard, KernelFacts, OpMask, Place, RunTime
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
from tests.permission.small_kernel import MEMBERS, create_filter, create_toy_kernel

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


def create_run_time(ops: list[int], guards: list[int], unlocked: bool) -> RunTime:
    """Make run-time masks: one for each member of toy_ops, one for each of its guarded kfuncs."""
    place = Place("kernel/run.c", 5)
    return RunTime(
        bits=tuple(Constant(f"TOY_KF_{bit}", 1 << bit) for bit in range(3)),
        ops=tuple(
            OpMask("toy_ops", name, mask, (place,)) for name, mask in zip(MEMBERS, ops, strict=True)
        ),
        guards=tuple(
            Guard(name, mask, unlocked, ((name, place),))
            for name, mask in zip(("toy_move", "toy_insert"), guards, strict=True)
        ),
        boundary_bits=("TOY_KF_1",),
        place=place,
    )


RUN_TIMES = st.none() | st.builds(
    create_run_time,
    st.lists(st.integers(0, 7), min_size=len(MEMBERS), max_size=len(MEMBERS)),
    st.lists(st.integers(1, 7), min_size=2, max_size=2),
    st.booleans(),
)
KERNELS = st.builds(
    lambda rule, run_time: replace(create_with_rule(rule), run_time=run_time), TREES, RUN_TIMES
)
