"""Edits to the toy kernel, and the cells that flip: worked out by hand."""

import json

import pytest

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.edit_json import describe_edit, read_edits, write_edits
from kfmap.permission.what_if.edits import (
    AddRegistration,
    AddRule,
    ChangeKfuncBits,
    ChangeMemberBits,
    ChangeReading,
    ChangeRow,
    DropRegistration,
    Edit,
    EditError,
    MoveKfunc,
    UseCapabilities,
)
from kfmap.permission.what_if.flips import find_flips
from kfmap.permission.what_if.member_tables import find_table_type, list_flags, render_table_c
from tests.permission.small_kernel import create_toy_kernel

FACTS = create_toy_kernel()
STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"


def flips(*edits: Edit) -> set[tuple[str, str, str]]:
    after = apply_edits(FACTS, edits, "variant")
    found = find_flips(Decider(FACTS), Decider(after))
    return {(render_context(f.context), f.kfunc, f.before + f.after) for f in found}


def test_without_edits_nothing_flips() -> None:
    assert flips() == set()


def test_moving_a_kfunc_flips_the_members_that_differ() -> None:
    assert flips(MoveKfunc("toy_insert", "toy_enqueue", "toy_dispatch")) == {
        ("struct_ops:toy_ops.enqueue", "toy_insert", "AD")
    }


def test_taking_a_kfunc_out_of_one_of_its_sets_narrows_it_to_the_other() -> None:
    gone = {m for m, _, letters in flips(MoveKfunc("toy_both", "toy_any", "")) if letters == "AD"}
    assert gone == {f"struct_ops:toy_ops.{m}" for m in ("select_cpu", "enqueue", "running", "init")}


def test_changing_a_row_flips_its_member() -> None:
    found = flips(ChangeRow("toy_allow", "running", ("ALLOW_DISPATCH",)))
    assert found == {("struct_ops:toy_ops.running", "toy_move", "DA")}
    assert flips(ChangeRow("toy_allow", "enqueue", ())) == {
        ("struct_ops:toy_ops.enqueue", "toy_insert", "AD")
    }


def test_dropping_and_adding_a_registration() -> None:
    dropped = flips(DropRegistration("BPF_PROG_TYPE_XDP", "xdp_ids"))
    assert {cell[:2] for cell in dropped} == {("xdp", "bpf_xdp_it"), ("freplace:xdp", "bpf_xdp_it")}
    added = flips(AddRegistration("BPF_PROG_TYPE_SYSCALL", "xdp_ids"))
    assert added == {("syscall", "bpf_xdp_it", "DA")}


def test_a_rule_goes_before_the_filter() -> None:
    rule = AddRule("toy_filter", True, kfunc="toy_now", struct_ops="toy_ops", member="running")
    assert flips(rule) == {("struct_ops:toy_ops.running", "toy_now", "AD")}


def test_edits_leave_the_kernel_as_it_was() -> None:
    before = create_toy_kernel()
    after = apply_edits(FACTS, [MoveKfunc("toy_insert", "toy_enqueue", "")], "variant")
    assert before == FACTS
    assert after.name == "variant"
    assert "edited" in after.origin.label


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (MoveKfunc("toy_now", "toy_enqueue", ""), "is not in toy_enqueue"),
        (MoveKfunc("toy_now", "toy_any", "toy_any2"), "no kfunc id set toy_any2"),
        (MoveKfunc("toy_both", "toy_any", "toy_dispatch"), "already in toy_dispatch"),
        (AddRegistration("BPF_PROG_TYPE_SK_LOOKUP", "xdp_ids"), "no hook of its own"),
        (AddRegistration(STRUCT_OPS, "xdp_ids", "nothing"), "no filter nothing"),
        (DropRegistration(STRUCT_OPS, "xdp_ids"), "is not registered"),
        (ChangeRow("toy_allow", "running", ("ALLOW_ALL",)), "it has ALLOW_DISPATCH, ALLOW_ENQUEUE"),
        (ChangeRow("toy_allow", "walking", ()), "no member walking"),
        (ChangeRow("other", "running", ()), "no member table other"),
        (AddRule("toy_filter", True), "needs a kfunc"),
        (AddRule("nothing", True, kfunc="toy_now"), "no filter nothing"),
        (AddRule("toy_filter", True, member="running"), "no member running in any"),
    ],
)
def test_edits_that_do_not_fit_say_why(edit: Edit, words: str) -> None:
    with pytest.raises(EditError, match=words):
        apply_edits(FACTS, [edit], "variant")


def test_edits_go_through_json_unchanged() -> None:
    edits: tuple[Edit, ...] = (
        MoveKfunc("toy_insert", "toy_enqueue", "toy_dispatch"),
        AddRegistration("BPF_PROG_TYPE_SYSCALL", "xdp_ids"),
        DropRegistration("BPF_PROG_TYPE_XDP", "xdp_ids"),
        ChangeRow("toy_allow", "running", ("ALLOW_DISPATCH",)),
        AddRule("toy_filter", True, kfunc="toy_now"),
        UseCapabilities("toy_ops", "all"),
        ChangeReading("any"),
        ChangeKfuncBits("toy_now", ("KF_CAP_0", "KF_CAP_3")),
        ChangeMemberBits("toy_ops", "enqueue", ()),
    )
    assert read_edits(json.loads(json.dumps(write_edits(edits)))) == edits


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"version": 2, "edits": []},
        {"version": 1, "edits": {}},
        {"version": 1, "edits": [{"kind": "explode"}]},
        {"version": 1, "edits": [["move_kfunc"]]},
        {"version": 1, "edits": [{"kind": "move_kfunc", "kfunc": 1}]},
        {"version": 1, "edits": [{"kind": "move_kfunc", "kfunc": "x"}]},
        {"version": 1, "edits": [{"kind": "move_kfunc", "colour": "x"}]},
        {"version": 1, "edits": [{"kind": "change_row", "flags": "x"}]},
        {"version": 1, "edits": [{"kind": "move_kfunc"}] * 201},
    ],
)
def test_read_edits_refuses_other_json(body: object) -> None:
    with pytest.raises(EditError):
        read_edits(body)


def test_every_edit_is_said_in_words() -> None:
    assert describe_edit(UseCapabilities("", "all")).startswith("capability bits decide for every")
    assert describe_edit(ChangeReading("any")) == "a call needs any of a kfunc's bits"
    assert describe_edit(ChangeKfuncBits("toy_now", ("KF_CAP_1",))) == "toy_now needs KF_CAP_1"
    assert describe_edit(ChangeMemberBits("toy_ops", "init", ())) == "toy_ops.init holds no bit"


def test_flags_of_a_table_and_the_table_as_c() -> None:
    assert list_flags(FACTS, "toy_allow") == {"ALLOW_ENQUEUE": 1, "ALLOW_DISPATCH": 2}
    after: KernelFacts = apply_edits(
        FACTS, [ChangeRow("toy_allow", "enqueue", ("ALLOW_DISPATCH",))], "variant"
    )
    assert find_table_type(after, after.tables[0]) == "toy_ops"
    text = render_table_c(after.tables[0], "toy_ops")
    assert "[offsetof(struct toy_ops, enqueue) / 8] = ALLOW_DISPATCH," in text
    assert "ALLOW_ENQUEUE | ALLOW_DISPATCH" in text
