"""Properties of the decision on kernels and rule trees made at random."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kfmap.kernel.rule_form import Branch, Decide, Node, Unknown
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN
from tests.permission.random_kernels import TREES, create_with_rule


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
