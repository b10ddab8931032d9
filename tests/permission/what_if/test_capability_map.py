"""Capability bits put into facts: they decide as the masks say, and are found there again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfmap.kernel.facts import KernelFacts, Observed
from kfmap.permission.context_words import render_context
from kfmap.permission.contexts import build_contexts, build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.table import ALL, ANY, table_of_masks
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.capability_map import (
    find_capabilities,
    put_capabilities,
    synthesise_capabilities,
)
from kfmap.permission.what_if.edits import (
    AddRule,
    ChangeKfuncBits,
    ChangeMemberBits,
    ChangeReading,
    Edit,
    EditError,
    UseCapabilities,
)
from kfmap.permission.what_if.flips import find_flips
from tests.permission.mechanisms.test_compare import create_masked_kernel
from tests.permission.small_kernel import create_kernel, create_struct_ops, create_toy_kernel

FACTS = create_toy_kernel()
READINGS = pytest.mark.parametrize("reading", [ALL, ANY])


def edit(*edits: Edit, facts: KernelFacts = FACTS) -> KernelFacts:
    return apply_edits(facts, edits, "variant")


def flips(*edits: Edit, facts: KernelFacts = FACTS) -> set[tuple[str, str, str]]:
    found = find_flips(Decider(facts), Decider(edit(*edits, facts=facts)))
    return {(render_context(f.context), f.kfunc, f.before + f.after) for f in found}


def bits_of(facts: KernelFacts, kfunc: str) -> int:
    table = find_capabilities(facts)
    assert table is not None
    return table.kfunc_masks.get(kfunc, 0)


@READINGS
@pytest.mark.parametrize("struct_ops", ["toy_ops", "other_ops", ""])
def test_synthesised_bits_decide_as_the_kernel_does(struct_ops: str, reading: str) -> None:
    assert flips(UseCapabilities(struct_ops, reading)) == set()


@READINGS
def test_bits_move_what_run_time_masks_refuse_to_the_load(reading: str) -> None:
    masked = create_masked_kernel()
    found = find_flips(Decider(masked), Decider(edit(UseCapabilities("", reading), facts=masked)))
    # toy_insert fails in running and init; toy_move in select_cpu, enqueue and running
    assert [flip.before + flip.after for flip in found] == ["RD"] * 5
    assert not any(flip.means_other for flip in found)


def test_a_bit_more_for_a_callback_opens_what_needs_it() -> None:
    start = UseCapabilities("toy_ops", ALL)
    needed = bits_of(edit(start), "toy_move")
    held = tuple(f"KF_CAP_{bit}" for bit in range(8) if needed >> bit & 1)
    found = flips(start, ChangeMemberBits("toy_ops", "running", held))
    assert ("struct_ops:toy_ops.running", "toy_move", "DA") in found
    assert {context for context, _, _ in found} == {"struct_ops:toy_ops.running"}


def test_a_new_bit_that_nobody_holds_closes_a_kfunc() -> None:
    start = UseCapabilities("toy_ops", ALL)
    closed = flips(start, ChangeKfuncBits("toy_now", ("KF_CAP_7",)))
    members = ("select_cpu", "enqueue", "dispatch", "running", "init")
    assert closed == {(f"struct_ops:toy_ops.{member}", "toy_now", "AD") for member in members}
    back = ChangeMemberBits("toy_ops", "init", ("KF_CAP_7",))
    opened = flips(start, ChangeKfuncBits("toy_now", ("KF_CAP_7",)), back)
    assert ("struct_ops:toy_ops.init", "toy_now", "AD") not in opened


def test_no_bits_is_open_to_all_or_closed_to_all_by_the_reading() -> None:
    none = ChangeKfuncBits("toy_move", ())
    opened = flips(UseCapabilities("toy_ops", ALL), none)
    assert {letters for _, kfunc, letters in opened if kfunc == "toy_move"} == {"DA"}
    closed = flips(UseCapabilities("toy_ops", ANY), none)
    assert closed == {("struct_ops:toy_ops.dispatch", "toy_move", "AD")}


def test_the_same_masks_read_the_other_way_decide_otherwise() -> None:
    start = UseCapabilities("toy_ops", ALL)
    table = find_capabilities(edit(start, ChangeReading(ANY)))
    assert table is not None
    assert table.reading == ANY
    assert flips(start, ChangeReading(ANY)) != set()
    assert flips(start, ChangeReading(ANY), ChangeReading(ALL)) == set()


def test_a_rule_of_an_edit_stays_before_the_bits() -> None:
    rule = AddRule("kf_capabilities", True, kfunc="bpf_common", struct_ops="toy_ops")
    found = flips(UseCapabilities("toy_ops", ALL), rule, ChangeReading(ALL))
    assert {(kfunc, letters) for _, kfunc, letters in found} == {("bpf_common", "AD")}
    assert len(found) == 5


def test_bits_decide_although_sets_had_no_filters() -> None:
    old = replace(create_masked_kernel(), run_time=None)
    old = replace(old, decision=replace(old.decision, filters=False))
    closed = flips(
        UseCapabilities("toy_ops", ALL), ChangeKfuncBits("toy_now", ("KF_CAP_9",)), facts=old
    )
    assert len(closed) == 5


def test_members_closed_to_programs_have_no_bits_and_stay_with_the_filter() -> None:
    ops = create_struct_ops()
    members = tuple(
        replace(item, supported=False) if item.name == "init" else item for item in ops.members
    )
    facts = replace(FACTS, struct_ops=(replace(ops, members=members), *FACTS.struct_ops[1:]))
    table = synthesise_capabilities(facts, "toy_ops", ALL)
    assert "init" not in {context.member for context in table.context_masks}
    after = Decider(edit(UseCapabilities("toy_ops", ALL), facts=facts))
    contexts = build_contexts(facts)
    assert find_flips(Decider(facts), after, contexts) == ()


MASKS = st.integers(0, 15)
KFUNCS = Decider(FACTS).kfuncs
MEMBERS = build_member_contexts(FACTS, "toy_ops")


@given(
    st.sampled_from([ALL, ANY]),
    st.lists(MASKS, min_size=len(KFUNCS), max_size=len(KFUNCS)),
    st.lists(MASKS, min_size=len(MEMBERS), max_size=len(MEMBERS)),
)
def test_masks_in_facts_decide_every_cell_as_the_table_says(
    reading: str, needed: list[int], held: list[int]
) -> None:
    table = table_of_masks(
        reading, dict(zip(KFUNCS, needed, strict=True)), dict(zip(MEMBERS, held, strict=True))
    )
    facts = put_capabilities(FACTS, table)
    decider = Decider(facts)
    for context in MEMBERS:
        listed, allowed = decider.listed_bits(context)[0], decider.bits(context)[0]
        for place, kfunc in enumerate(KFUNCS):
            passes = table.allows(context, kfunc) and bool(listed >> place & 1)
            assert bool(allowed >> place & 1) == passes
    found = find_capabilities(facts)
    assert found is not None
    assert (found.reading, dict(found.context_masks)) == (reading, dict(table.context_masks))
    assert all(found.kfunc_masks.get(name, 0) == mask for name, mask in table.kfunc_masks.items())
    assert put_capabilities(facts, found) == facts


def test_there_are_no_capabilities_in_a_kernel_as_it_is() -> None:
    assert find_capabilities(FACTS) is None


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([UseCapabilities("no_ops", ALL)], "no struct_ops type no_ops"),
        ([UseCapabilities("toy_ops", "some")], "all or any of the bits, not some"),
        ([UseCapabilities("toy_ops", ALL)] * 2, "decide already"),
        ([ChangeReading(ANY)], "no capability bits decide here"),
        ([UseCapabilities("toy_ops", ALL), ChangeReading("")], "all or any"),
        ([UseCapabilities("toy_ops", ALL), ChangeKfuncBits("bpf_no", ())], "no kfunc bpf_no"),
        (
            [UseCapabilities("toy_ops", ALL), ChangeKfuncBits("toy_now", ("KF_CAP_32",))],
            "no capability bit KF_CAP_32",
        ),
        (
            [UseCapabilities("toy_ops", ALL), ChangeMemberBits("other_ops", "start", ())],
            "do not decide for other_ops.start",
        ),
    ],
)
def test_edits_of_bits_that_do_not_fit_say_why(edits: list[Edit], words: str) -> None:
    with pytest.raises(EditError, match=words):
        edit(*edits)


def test_a_kernel_that_was_only_asked_has_no_sets_to_narrow() -> None:
    asked = Observed("BPF_PROG_TYPE_XDP", None, None, None, None, False, "A")
    with pytest.raises(EditError, match="were asked of it"):
        edit(UseCapabilities("toy_ops", ALL), facts=replace(create_kernel(), observed=(asked,)))
