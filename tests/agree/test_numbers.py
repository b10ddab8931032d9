"""Numbers that were found on the real kernels by other means, reproduced from the bundled facts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from kfmap.kernel.facts import VMLINUX
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts, build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.findings.exposure import find_foreign
from kfmap.permission.findings.multi_set import find_multi_hook, find_multi_set
from kfmap.permission.findings.naive_views import count_wrong
from kfmap.permission.mechanisms.capabilities import synthesise
from kfmap.permission.mechanisms.handover import compare_handover
from kfmap.permission.mechanisms.subsystem import find_foreign_kfuncs, find_own_kfuncs
from kfmap.permission.mechanisms.table import ALL, ANY
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.edits import UseCapabilities
from kfmap.permission.what_if.flips import find_flips
from tests.agree.truth import read_bundled, read_truth

NEWEST = "7.3"
# Answers about these say nothing of permission: another check comes before it.
HIDDEN = {
    "bpf_modify_return_test2",
    "bpf_xdp_metadata_rx_hash",
    "bpf_xdp_metadata_rx_timestamp",
    "bpf_xdp_metadata_rx_vlan_tag",
    "scx_bpf_cid_override",
    "scx_bpf_sub_caps",
    "scx_bpf_sub_grant",
    "scx_bpf_sub_revoke",
}
# Members no program was loaded for when the numbers were taken.
NOT_TRIED = {"sub_caps_updated", "sub_ecaps_updated"}


@cache
def decider(kernel: str) -> Decider:
    return Decider(read_bundled(kernel))


def can_load(kernel: str, context: Context) -> bool:
    member = decider(kernel).views.find_member(context)
    return member is None or member.supported is not False


def built_in(kernel: str) -> list[str]:
    """Return the kfuncs that are not a module's: the numbers were taken without modules."""
    return [kfunc.name for kfunc in decider(kernel).facts.kfuncs if kfunc.owner == VMLINUX]


def live_contexts(kernel: str) -> list[Context]:
    """Return the kernel's own contexts but freplace ones and members no program may implement."""
    contexts = build_contexts(decider(kernel).facts)
    return [c for c in contexts if not c.replaces and can_load(kernel, c)]


@cache
def tried_contexts() -> tuple[Context, ...]:
    """Return the contexts that were tried on 7.3: those of 7.2, and the callbacks that came new."""
    newest = decider(NEWEST)
    tried = [answers.context for answers in read_truth("7.2").answers if answers.letters.strip("?")]
    tried = [c for c in tried if not c.struct_ops or newest.views.find_member(c)]
    names = {(c.struct_ops, c.member) for c in tried}
    for ops in newest.facts.struct_ops:
        for context in build_member_contexts(newest.facts, ops.name):
            known = (ops.name, context.member) in names or context.member in NOT_TRIED
            if not known and can_load(NEWEST, context):
                tried.append(context)
    return tuple(tried)


@cache
def wrong_cells() -> dict[str, int]:
    """Count the cells each naive view gets wrong, of kfuncs whose permission could be seen."""
    counts = count_wrong(decider(NEWEST), tried_contexts(), HIDDEN)
    return {wrong.view: wrong.cells for wrong in counts}


@pytest.mark.parametrize(
    ("hook", "entries"), [("STRUCT_OPS", 185), ("SYSCALL", 160), ("TRACING", 152), ("COMMON", 96)]
)
def test_hooks_of_7_3_hold_so_many_entries(hook: str, entries: int) -> None:
    assert decider(NEWEST).tables.hooks["vmlinux", f"BTF_KFUNC_HOOK_{hook}"].count == entries


def test_14_kfuncs_of_7_3_are_in_several_registered_sets() -> None:
    assert len(list(find_multi_set(decider(NEWEST)))) == 14


def test_156_kfuncs_of_vmlinux_7_3_are_on_several_hooks() -> None:
    named = [finding.text.rpartition(": ")[2] for finding in find_multi_hook(decider(NEWEST))]
    kfuncs = [kfunc for names in named for kfunc in names.split(", ")]
    assert len(set(kfuncs) & set(built_in(NEWEST))) == 156


def test_20_kfuncs_are_open_to_foreign_struct_ops() -> None:
    newest = decider(NEWEST)
    foreign = set(find_foreign_kfuncs(newest, "sched_ext_ops")) & set(built_in(NEWEST))
    enqueue = next(
        context
        for context in build_member_contexts(newest.facts, "sched_ext_ops")
        if context.member == "enqueue"
    )
    answers = [newest.decide(enqueue, kfunc).verdict for kfunc in foreign]
    assert answers.count("allowed") == 20
    # With the kfuncs of modules, which other struct_ops types bring, it is 35.
    (finding,) = [f for f in find_foreign(newest) if f.subject == "sched_ext_ops"]
    assert "35 kfuncs of other struct_ops types, 15 of them in modules" in finding.text


@pytest.mark.parametrize(
    ("view", "cells"),
    [("own_filter", 78), ("first_set", 92), ("last_set", 778), ("by_program_type", 1_980)],
)
def test_naive_views_of_7_3_get_so_many_cells_wrong(view: str, cells: int) -> None:
    assert wrong_cells()[view] == cells


def test_one_filter_a_set_would_get_122_cells_of_sched_ext_ops_wrong() -> None:
    members = build_member_contexts(decider(NEWEST).facts, "sched_ext_ops")
    tried = [context for context in members if context.member not in NOT_TRIED]
    counts = {wrong.view: wrong for wrong in count_wrong(decider(NEWEST), tried)}
    assert counts["separate_filters"].cells == 122
    assert len(counts["separate_filters"].kfuncs) == 7


@pytest.mark.parametrize(("reading", "cpu_form", "both_forms"), [(ANY, 6, 8), (ALL, 5, 6)])
def test_sched_ext_of_7_3_needs_so_many_bits(reading: str, cpu_form: int, both_forms: int) -> None:
    newest = decider(NEWEST)
    own = sorted(find_own_kfuncs(newest, "sched_ext_ops"))
    assert len(own) == 77
    cpu = build_member_contexts(newest.facts, "sched_ext_ops")
    cid = build_member_contexts(newest.facts, "sched_ext_ops_cid")
    for contexts, bits in ((cpu, cpu_form), ((*cpu, *cid), both_forms)):
        table = synthesise(newest, contexts, reading, own)
        assert (table.bits, table.is_exact) == (bits, True)


@pytest.mark.parametrize(
    ("kernel", "members", "whole"),
    [
        ("6.1", 1, 3),
        ("6.12", 1, 12),
        ("6.17", 4, 15),
        ("6.18", 4, 15),
        ("6.19", 4, 15),
        ("7.1", 9, 20),
        ("7.2", 12, 23),
        ("7.3", 12, 24),
    ],
)
def test_any_bit_masks_need_so_many_bits_on_each_kernel(
    kernel: str, members: int, whole: int
) -> None:
    # Load-time permission alone: what run-time masks refuse is not counted.
    at_load = Decider(replace(read_bundled(kernel), run_time=None))
    contexts = live_contexts(kernel)
    callbacks = [context for context in contexts if context.struct_ops]
    for scope, bits in ((callbacks, members), (contexts, whole)):
        table = synthesise(at_load, scope, ANY, built_in(kernel))
        assert (table.bits, table.is_exact) == (bits, True)


def test_masks_of_which_all_bits_are_needed_take_half_as_many_on_7_3() -> None:
    contexts = live_contexts(NEWEST)
    callbacks = [context for context in contexts if context.struct_ops]
    types = [context for context in contexts if not context.struct_ops]
    assert synthesise(decider(NEWEST), callbacks, ALL, built_in(NEWEST)).bits == 7
    assert synthesise(decider(NEWEST), types, ALL, built_in(NEWEST)).bits == 8
    whole = synthesise(decider(NEWEST), contexts, ALL, built_in(NEWEST))
    assert 10 <= whole.lower <= whole.bits <= 12


def test_one_bit_a_class_of_kfuncs_would_take_31_on_7_3() -> None:
    table = synthesise(decider(NEWEST), live_contexts(NEWEST), ANY, built_in(NEWEST))
    allowed_somewhere = {mask for mask in table.kfunc_masks.values() if mask}
    assert len(allowed_somewhere) == 31


def test_run_time_masks_of_6_18_differ_from_the_filter_of_7_1_in_78_cells() -> None:
    # 81 of 1,666 with core_sched_before, which this configuration leaves out (SCHED_CORE):
    # 49 kfuncs, of which three differ there as in every other op of its mask.
    handover = compare_handover(decider("6.18"), decider("7.1"), "sched_ext_ops")
    assert (handover.cells, len(handover.changes)) == (1_666 - 49, 81 - 3)
    assert handover.count_by_kfunc() == {
        "scx_bpf_create_dsq": 21,
        "scx_bpf_dsq_move": 1,
        "scx_bpf_dsq_move_set_slice": 20,
        "scx_bpf_dsq_move_set_vtime": 20,
        "scx_bpf_dsq_move_vtime": 1,
        "scx_bpf_select_cpu_and": 1,
        "scx_bpf_select_cpu_dfl": 1,
        "scx_bpf_task_cgroup": 13,
    }


@pytest.mark.parametrize("reading", [ALL, ANY])
@pytest.mark.parametrize("kernel", ["6.1", "6.12", "6.18", "7.2", "7.3"])
def test_synthesised_bits_in_place_of_filters_change_no_meaning(kernel: str, reading: str) -> None:
    edited = apply_edits(read_bundled(kernel), [UseCapabilities("", reading)], "bits")
    flips = find_flips(decider(kernel), Decider(edited))
    other = [flip for flip in flips if flip.means_other]
    # What run-time masks caught is now refused at load.
    assert len(flips) - len(other) == (275 if kernel == "6.18" else 0)
    # The bits are asked of the callbacks of sched_ext; those of other ops structures ran with mask
    # 0 before, in which these kfuncs fail.
    assert len(other) == (144 if kernel == "6.18" else 0)
    assert {(flip.before, flip.after) for flip in other} <= {("R", "A")}
    assert not any(flip.context.struct_ops == "sched_ext_ops" for flip in other)
