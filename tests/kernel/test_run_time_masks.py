"""Run-time masks of small schedulers: call sites, checks, nesting, what is not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.code import Code
from kfmap.kernel.config import read_config
from kfmap.kernel.facts import (
    Guard,
    Member,
    MemberSleep,
    NotUnderstood,
    OpMask,
    Place,
    RunTime,
    StructOps,
)
from kfmap.kernel.rules.run_time_masks import extract_run_time
from kfmap.kernel.tree import Tree
from tests.kernel import mask_tree as parts

DISPATCH, ENQUEUE, REST, ALL_BITS = 2, 4, 8, 15
KFUNCS = ("insert", "move", "pick_cpu", "group_of", "kick", "extra")
MEMBERS = ("enqueue", "dispatch", "init", "tick", "core_sched_before")


def test_bits_are_the_single_ones_of_the_enum(tmp_path: Path) -> None:
    run_time = _read(tmp_path)
    assert [(bit.name, bit.value) for bit in run_time.bits] == [
        ("SCX_KF_UNLOCKED", 0),
        ("SCX_KF_CPU_RELEASE", 1),
        ("SCX_KF_DISPATCH", 2),
        ("SCX_KF_ENQUEUE", 4),
        ("SCX_KF_REST", 8),
    ]


def test_ops_have_the_mask_of_their_call_sites(tmp_path: Path) -> None:
    masks = {op.member: (op.mask, len(op.places)) for op in _read(tmp_path).ops}
    assert masks == {
        "dispatch": (DISPATCH, 1),
        "enqueue": (ENQUEUE, 1),
        "init": (0, 1),
        "tick": (REST, 2),
    }


def test_an_op_called_under_an_option_has_a_mask_where_it_is_on(tmp_path: Path) -> None:
    run_time = _read(tmp_path, config=b"CONFIG_SCHED_CORE=y\n")
    assert "core_sched_before" in {op.member for op in run_time.ops}


def test_ops_of_macros_that_take_the_scheduler_first(tmp_path: Path) -> None:
    run_time = _read(tmp_path, macros=parts.LATER_MACROS, calls=parts.LATER_CALLS)
    masks = {op.member: op.mask for op in run_time.ops}
    assert masks == {"enqueue": ENQUEUE | REST, "init": 0}


def test_places_of_ops_are_the_lines_of_the_calls(tmp_path: Path) -> None:
    op = next(op for op in _read(tmp_path).ops if op.member == "dispatch")
    assert [_line(tmp_path, place) for place in op.places] == [
        "CALL_OP(SCX_KF_DISPATCH, dispatch, rq->cpu,"
    ]


_CHECKED = """\
    if (!scx_kf_allowed(SCX_KF_ENQUEUE | SCX_KF_DISPATCH))
        return false;
"""


@pytest.mark.parametrize(
    "written",
    [
        _CHECKED.replace("        return false;", "        complain();"),
        _CHECKED.replace("!scx", "scx"),
        "    scx_kf_allowed(SCX_KF_ENQUEUE | SCX_KF_DISPATCH);\n",
        "    (void)scx_kf_allowed(SCX_KF_ENQUEUE | SCX_KF_DISPATCH);\n",
        "    NEED(SCX_KF_ENQUEUE | SCX_KF_DISPATCH);\n",
        f"#if OWN(3)\n#else\n{_CHECKED}#endif\n",
    ],
    ids=["warning", "success", "unused", "cast", "macro", "#if"],
)
def test_a_check_that_does_not_make_its_function_leave_is_named(
    tmp_path: Path, written: str
) -> None:
    need = "#define NEED(m) do { if (!scx_kf_allowed(m)) return false; } while (0)\n"
    assert _CHECKED in parts.KFUNCS
    _, problems = _extract(tmp_path, kfuncs=need + parts.KFUNCS.replace(_CHECKED, written, 1))
    assert {p.construct for p in problems} & {"run-time check", "run-time masks"}


def test_a_check_of_an_option_that_is_off_is_none(tmp_path: Path) -> None:
    written = _CHECKED.replace("!scx", "IS_ENABLED(CONFIG_NONE) && !scx")
    run_time, problems = _extract(tmp_path, kfuncs=parts.KFUNCS.replace(_CHECKED, written, 1))
    assert run_time is not None
    assert "insert" not in {guard.kfunc for guard in run_time.guards}
    assert problems == ()


@pytest.mark.parametrize(
    ("kfunc", "mask", "unlocked", "task_argument"),
    [
        ("insert", ENQUEUE | DISPATCH, False, False),
        ("move", DISPATCH, True, False),
        ("pick_cpu", ENQUEUE, True, False),
        ("group_of", ALL_BITS, False, True),
    ],
)
def test_a_guard_passes_where_the_check_does(
    tmp_path: Path, kfunc: str, mask: int, unlocked: bool, task_argument: bool
) -> None:
    guard = _guards(_read(tmp_path))[kfunc]
    assert (guard.mask, guard.unlocked, guard.task_argument) == (mask, unlocked, task_argument)


def test_a_kfunc_without_a_check_has_no_guard(tmp_path: Path) -> None:
    assert "kick" not in _guards(_read(tmp_path))


def test_the_way_to_a_check_leads_through_the_helpers(tmp_path: Path) -> None:
    guard = _guards(_read(tmp_path))["insert"]
    assert [(name, _line(tmp_path, place)) for name, place in guard.path] == [
        ("insert", "if (!ready_to_insert(p))"),
        ("ready_to_insert", "if (!scx_kf_allowed(SCX_KF_ENQUEUE | SCX_KF_DISPATCH))"),
    ]


def test_the_way_ends_at_the_first_of_the_checks(tmp_path: Path) -> None:
    guard = _guards(_read(tmp_path))["group_of"]
    assert [name for name, _ in guard.path] == ["group_of"]


def test_boundaries_are_found_by_nesting(tmp_path: Path) -> None:
    assert _read(tmp_path).boundary_bits == ("SCX_KF_DISPATCH",)


def test_a_check_on_one_of_two_ways_counts(tmp_path: Path) -> None:
    extra = """\
__bpf_kfunc void extra(int cpu)
{
    if (cpu_is_odd(cpu)) {
        wake(cpu);
        return;
    }
    for (; cpu; cpu--)
        if (!scx_kf_allowed(SCX_KF_REST))
            break;
}
"""
    guard = _guards(_read(tmp_path, kfuncs=parts.KFUNCS + extra))["extra"]
    assert (guard.mask, guard.unlocked) == (REST, False)


def test_a_tree_without_the_check_has_no_masks(tmp_path: Path) -> None:
    run_time, problems = _extract(tmp_path, checks="")
    assert (run_time, problems) == (None, ())


def test_an_op_with_two_masks_is_not_understood(tmp_path: Path) -> None:
    calls = parts.CALLS.replace("SCX_KF_REST, tick, p->next", "SCX_KF_ENQUEUE, tick, p->next")
    run_time, problems = _extract(tmp_path, calls=calls)
    assert run_time is not None
    assert "tick" not in {op.member for op in run_time.ops}
    assert [(p.construct, p.text) for p in problems] == [
        ("mask of an op", "tick: SCX_KF_ENQUEUE, SCX_KF_REST")
    ]


def test_a_mask_that_is_computed_is_not_understood(tmp_path: Path) -> None:
    calls = parts.CALLS.replace("SCX_KF_DISPATCH, dispatch", "mask_of(rq), dispatch")
    assert [(p.construct, p.text) for p in _extract(tmp_path, calls=calls)[1]] == [
        ("mask of an op", "dispatch: mask_of(rq)")
    ]


def test_a_kfunc_that_wants_two_masks_is_not_understood(tmp_path: Path) -> None:
    extra = """\
__bpf_kfunc void extra(void)
{
    if (!scx_kf_allowed(SCX_KF_REST))
        return;
    if (!scx_kf_allowed(SCX_KF_ENQUEUE))
        return;
}
"""
    run_time, problems = _extract(tmp_path, kfuncs=parts.KFUNCS + extra)
    assert run_time is not None
    assert "extra" not in _guards(run_time)
    assert [p.text for p in problems] == ["extra: passes under no single mask"]


def test_a_check_for_a_mask_that_is_computed_is_not_understood(tmp_path: Path) -> None:
    extra = "__bpf_kfunc bool extra(int n)\n{\n\treturn scx_kf_allowed(mask_for(n));\n}\n"
    run_time, problems = _extract(tmp_path, kfuncs=parts.KFUNCS + extra)
    assert run_time is not None
    assert "extra" not in _guards(run_time)
    assert [(p.construct, p.text) for p in problems] == [("mask of a run-time check", "extra")]


def test_a_helper_that_calls_itself_is_not_followed_for_ever(tmp_path: Path) -> None:
    extra = """\
static bool again(int n)
{
    return scx_kf_allowed(SCX_KF_REST) && again(n - 1);
}

__bpf_kfunc void extra(int n)
{
    again(n);
}
"""
    problems = _extract(tmp_path, kfuncs=parts.KFUNCS + extra)[1]
    assert [p.text for p in problems] == ["extra: again is called too deep"]


def test_a_check_outside_of_any_function_is_named(tmp_path: Path) -> None:
    extra = "DEFINE_GUARDED(lost, scx_kf_allowed(SCX_KF_REST))\n"
    problems = _extract(tmp_path, kfuncs=parts.KFUNCS + extra)[1]
    assert [p.construct for p in problems] == ["run-time check"]
    assert "DEFINE_GUARDED" in _line(tmp_path, problems[0].place)


def test_a_type_that_lacks_a_called_member_is_not_taken(tmp_path: Path) -> None:
    run_time, problems = _extract(tmp_path, members=("enqueue", "dispatch"))
    assert run_time is not None
    assert run_time.ops == ()
    assert [p.construct for p in problems] == ["ops called under a mask"]


def _read(root: Path, **changes: str | bytes) -> RunTime:
    run_time, problems = _extract(root, **changes)  # type: ignore[arg-type]
    assert run_time is not None
    assert problems == ()
    assert {op.struct_ops for op in run_time.ops} == {"sched_ops"}
    assert all(isinstance(op, OpMask) for op in run_time.ops)
    return run_time


def _extract(
    root: Path,
    *,
    checks: str = parts.CHECKS,
    macros: str = parts.MACROS,
    kfuncs: str = parts.KFUNCS,
    calls: str = parts.CALLS,
    members: tuple[str, ...] = MEMBERS,
    config: bytes = b"",
) -> tuple[RunTime | None, tuple[NotUnderstood, ...]]:
    _write(root / parts.EXT_H, parts.BITS)
    includes = "#include <linux/sched/ext.h>\n"
    _write(root / parts.EXT_C, includes + macros + checks + kfuncs + calls)
    place = Place(parts.EXT_C, 1)
    fields = tuple(
        Member(name, 8 * at, True, "", True, MemberSleep.MAY, place, None, None)
        for at, name in enumerate(members)
    )
    ops = StructOps("sched_ops", "bpf_sched_ops", "vmlinux", place, fields)
    code = Code(Tree(root), read_config(config))
    return extract_run_time(code, [parts.EXT_C], [ops], KFUNCS)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _line(root: Path, place: Place) -> str:
    return (root / place.file).read_text().splitlines()[place.line - 1].strip()


def _guards(run_time: RunTime) -> dict[str, Guard]:
    return {guard.kfunc: guard for guard in run_time.guards}
