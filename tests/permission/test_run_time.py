"""Run-time masks: bits in common, unlocked, boundaries, nesting."""

from kfmap.kernel.facts import Constant, Guard, OpMask, Place, RunTime
from kfmap.permission.context import Context
from kfmap.permission.run_time import RunTimeMasks, index_run_time

PLACE = Place("kernel/run.c", 5)
NAMES = ("UNLOCKED", 0), ("CPU_RELEASE", 1), ("DISPATCH", 2), ("ENQUEUE", 4), ("REST", 16)


def create_masks() -> RunTimeMasks:
    """Make masks like those of sched_ext: dispatch kfuncs are bounded, others are not."""
    ops = {"dispatch": 2, "enqueue": 4, "dequeue": 16, "init": 0, "cpu_release": 1}
    masks = index_run_time(
        RunTime(
            bits=tuple(Constant(name, value) for name, value in NAMES),
            ops=tuple(OpMask("toy_ops", name, mask, (PLACE,)) for name, mask in ops.items()),
            guards=(
                Guard("insert", 4 | 2, False, (("insert", PLACE), ("check", PLACE))),
                Guard("move", 2, True, (("move", PLACE),)),
                Guard("consume", 2, False, (("consume", PLACE),)),
                Guard("cgroup", 31, False, (("cgroup", PLACE),), task_argument=True),
            ),
            boundary_bits=("CPU_RELEASE", "DISPATCH"),
            place=PLACE,
        )
    )
    assert masks
    return masks


MASKS = create_masks()


def ask(member: str, kfunc: str) -> str | None:
    context = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member=member)
    return MASKS.decide(context, kfunc)[0]


def test_a_guard_passes_with_a_bit_in_common() -> None:
    assert [ask(op, "insert") for op in ("dispatch", "enqueue", "dequeue", "init")] == [
        "allowed",
        "allowed",
        "fails",
        "fails",
    ]


def test_an_unlocked_guard_passes_where_no_bit_is_in_force() -> None:
    assert ask("init", "move") == "allowed"
    assert ask("enqueue", "move") == "fails"


def test_kfuncs_without_guard_pass_and_contexts_without_mask_are_not_judged() -> None:
    assert ask("enqueue", "free") == "allowed"
    assert MASKS.decide(Context("BPF_PROG_TYPE_XDP"), "free") == (None, [])
    answer, reasons = MASKS.decide(Context("BPF_PROG_TYPE_XDP"), "insert")
    assert answer is None
    assert "ENQUEUE" in reasons[0].text


def test_nested_ops_add_their_masks() -> None:
    dispatch, dequeue = MASKS.ops["toy_ops", "dispatch"], MASKS.ops["toy_ops", "dequeue"]
    assert MASKS.decide_nested(dispatch, dequeue, "insert") == "allowed"
    assert MASKS.decide_nested(dispatch, dequeue, "consume") == "fails"  # past the boundary
    init = MASKS.ops["toy_ops", "init"]
    assert MASKS.decide_nested(dispatch, init, "consume") == "allowed"


def test_reasons_name_the_way_to_the_guard_and_the_masks() -> None:
    context = Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member="dequeue")
    _, reasons = MASKS.decide(context, "insert")
    assert [reason.rule for reason in reasons] == ["run_time_mask", "run_time_guard"]
    assert "REST" in reasons[0].text
    assert "insert → check fails" in reasons[1].text
    _, reasons = MASKS.decide(context, "cgroup")
    assert reasons[-1].rule == "run_time_task"
