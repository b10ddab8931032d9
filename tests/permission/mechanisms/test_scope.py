"""The contexts that mechanisms are compared over."""

from dataclasses import replace

from kfmap.kernel.facts import Place
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.scope import list_contexts, list_scopes
from tests.permission.small_kernel import create_kernel, create_struct_ops, create_toy_kernel

FACTS = create_toy_kernel()


def names(scope: str) -> set[str]:
    return {render_context(context) for context in list_contexts(Decider(FACTS), scope)}


def test_types_of_one_folder_are_a_subsystem() -> None:
    both = "toy_ops+other_ops"
    assert list_scopes(FACTS) == ["toy_ops", "other_ops", both, "members", "everything"]
    apart = replace(FACTS.struct_ops[1], place=Place("net/other.c", 3))
    facts = replace(FACTS, struct_ops=(FACTS.struct_ops[0], apart))
    assert both not in list_scopes(facts)
    assert list_scopes(create_kernel(struct_ops=())) == ["members", "everything"]


def test_scopes_hold_the_callbacks_of_their_types() -> None:
    other = {"struct_ops:other_ops.start", "struct_ops:other_ops.stop"}
    assert names("other_ops") == other
    assert names("toy_ops+other_ops") == names("toy_ops") | other == names("members")
    assert names("no_ops") == set()


def test_everything_is_without_freplace_and_members_closed_to_programs() -> None:
    assert "xdp" in names("everything")
    assert not any(name.startswith("freplace") for name in names("everything"))
    ops = create_struct_ops("other_ops", ("start", "stop"))
    closed = replace(ops, members=(replace(ops.members[0], supported=False), ops.members[1]))
    decider = Decider(replace(FACTS, struct_ops=(closed,)))
    (context,) = list_contexts(decider, "other_ops")
    assert context.member == "stop"
