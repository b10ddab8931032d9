"""Checks beside run-time masks, and what holds around ops: small schedulers of three ages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kfmap.kernel.code import Code
from kfmap.kernel.config import read_config
from kfmap.kernel.facts import Member, MemberSleep, Place, StructOps
from kfmap.kernel.program_facts import OpCircumstances, RunTimeCheck
from kfmap.kernel.rules.run_time_checks import extract_run_time_checks
from kfmap.kernel.tree import Tree

EXT_C = "kernel/sched/ext.c"
CORE_C = "kernel/sched/core.c"
KFUNCS = ("group_of", "pick_cpu", "pick_node", "print_line", "locked", "move", "kick")
MEMBERS = ("dispatch", "dump", "enqueue", "exit", "init", "move_group", "select_cpu", "yield")

MACROS = """\
#define CALL_OP(sch, op, rq, args...)    \\
do {    \\
    if (rq)    \\
        update_locked_rq(rq);    \\
    (sch)->ops.op(args);    \\
} while (0)
#define CALL_OP_RET(sch, op, rq, args...)    \\
({    \\
    __typeof__((sch)->ops.op(args)) __ret;    \\
    if (rq)    \\
        update_locked_rq(rq);    \\
    __ret = (sch)->ops.op(args);    \\
    __ret;    \\
})
#define CALL_OP_TASK(sch, op, rq, task, args...)    \\
do {    \\
    current->scx.kf_tasks[0] = task;    \\
    CALL_OP((sch), op, rq, task, ##args);    \\
} while (0)
#define CALL_OP_TASK_RET(sch, op, rq, task, args...)    \\
({    \\
    __typeof__((sch)->ops.op(task, ##args)) __ret;    \\
    current->scx.kf_tasks[0] = task;    \\
    __ret = CALL_OP_RET((sch), op, rq, task, ##args);    \\
    __ret;    \\
})
#define scx_error(sch, fmt, args...)    scx_exit((sch), 1, fmt, ##args)
"""

OLD_MACROS = """\
#define CALL_OP(mask, op, args...)    \\
do {    \\
    scx_ops.op(args);    \\
} while (0)
#define CALL_OP_TASK(mask, op, task, args...)    \\
do {    \\
    current->scx.kf_tasks[0] = task;    \\
    CALL_OP(mask, op, task, ##args);    \\
} while (0)
"""

KFUNCS_C = """\
static bool task_ok(struct scx_sched *sch, struct task_struct *p)
{
    if (unlikely(p != current->scx.kf_tasks[0])) {
        scx_error(sch, "not a task of the op");
        return false;
    }
    return true;
}

static bool idle_on(struct scx_sched *sch)
{
    if (static_branch_likely(&idle_enabled))
        return true;
    scx_error(sch, "idle tracking is off");
    return false;
}

__bpf_kfunc struct cgroup *group_of(struct task_struct *p)
{
    struct cgroup *cgrp = NULL;

    if (!task_ok(root, p))
        goto out;
    cgrp = p->cgrp;
out:
    return cgrp;
}

__bpf_kfunc s32 pick_cpu(struct task_struct *p)
{
    if (!idle_on(root))
        return -1;
    if (this_rq()->in_select_cpu) {
        if (!task_ok(root, p))
            return -1;
    } else if (scx_locked_rq()) {
        if (task_rq(p) != scx_locked_rq())
            goto cross_task;
    }
    return pick(p);

cross_task:
    scx_error(root, "called cross-task on %s", p->comm);
    return -1;
}

__bpf_kfunc s32 pick_node(int node)
{
    if (!static_branch_likely(&per_node)) {
        scx_error(root, "no nodes");
        return -1;
    }
    return node;
}

__bpf_kfunc void print_line(char *text)
{
    struct dump_data *dd = &dump_data;

    if (raw_smp_processor_id() != dd->cpu) {
        scx_error(root, "only while "
                  "dumping");
        return;
    }
    put(text);
}

__bpf_kfunc struct rq *locked(void)
{
    struct rq *rq;

    rq = scx_locked_rq();
    if (!rq) {
        scx_error(root, "no rq is locked");
        return NULL;
    }
    return rq;
}

static bool move_it(struct task_struct *p)
{
    if (!scx_kf_allowed_if_unlocked() && !scx_kf_allowed(2))
        return false;
    raw_spin_rq_lock(task_rq(p));
    shift(p);
    raw_spin_rq_unlock(task_rq(p));
    return true;
}

__bpf_kfunc bool move(struct task_struct *p)
{
    return move_it(p);
}

__bpf_kfunc void kick(int cpu)
{
    wake(cpu);
}
"""

CALLS = """\
static void start_dump(void)
{
    dump_data.cpu = smp_processor_id();
}

static void end_dump(void)
{
    dump_data.cpu = -1;
}

static void disable_idle(void)
{
    static_branch_disable(&idle_enabled);
    static_branch_disable(&per_node);
}

static void run_ops(struct scx_sched *sch, struct rq *rq, struct task_struct *p)
{
    CALL_OP(sch, init, NULL);
    start_dump();
    CALL_OP(sch, dump, NULL, 0);
    end_dump();
    CALL_OP_TASK(sch, enqueue, rq, p, 0);
    CALL_OP(sch, dispatch, rq, rq->cpu, NULL);
    CALL_OP_TASK_RET(sch, select_cpu, NULL, p, 0);
    CALL_OP_TASK_RET(sch, yield, rq, p);
}

static void bye(struct scx_sched *sch)
{
    disable_idle();
    CALL_OP(sch, exit, NULL, 0);
}

void move_group(struct task_struct *p)
{
    CALL_OP_TASK(root, move_group, NULL, p);
}
"""

CORE = """\
void other(struct task_struct *p)
{
    struct rq *rq = task_rq_lock(p);

    task_rq_unlock(rq);
    move_group(p);
}

void sched_move(struct task_struct *p)
{
    CLASS(task_rq_lock, guard)(p);
    move_group(p);
}
"""


@dataclass
class _Read:
    checks: tuple[RunTimeCheck, ...]
    ops: dict[str, OpCircumstances] = field(default_factory=dict)


def test_kfuncs_come_to_their_checks(tmp_path: Path) -> None:
    found = {(c.kfunc, c.asks): (c.sure, c.message) for c in _read(tmp_path).checks}
    assert found == {
        ("group_of", "task"): (True, "not a task of the op"),
        ("locked", "locked_rq"): (True, "no rq is locked"),
        ("move", "rq_lock"): (False, ""),
        ("pick_cpu", "idle"): (True, "idle tracking is off"),
        ("pick_cpu", "rq_task"): (False, "called cross-task on %s"),
        ("pick_cpu", "task"): (False, "not a task of the op"),
        ("pick_node", "idle"): (True, "no nodes"),
        ("print_line", "dump"): (True, "only while dumping"),
    }


def test_a_check_has_its_way_line_by_line(tmp_path: Path) -> None:
    check = next(item for item in _read(tmp_path).checks if item.kfunc == "group_of")
    assert [name for name, _ in check.path] == ["group_of", "task_ok"]
    lines = _tree()[EXT_C].split("\n")
    assert "task_ok(root, p)" in lines[check.path[0][1].line - 1]
    assert "kf_tasks[0]" in lines[check.path[1][1].line - 1]


def test_ops_are_called_with_or_without_their_tasks(tmp_path: Path) -> None:
    tasks = {name: op.tasks for name, op in _read(tmp_path).ops.items()}
    with_tasks = {"enqueue", "move_group", "select_cpu", "yield"}
    assert tasks == {name: "always" if name in with_tasks else "never" for name in MEMBERS}


def test_ops_are_called_with_or_without_a_locked_rq(tmp_path: Path) -> None:
    locked = {name for name, op in _read(tmp_path).ops.items() if op.locked_rq == "always"}
    assert locked == {"dispatch", "enqueue", "yield"}


def test_calls_of_two_kinds_hold_sometimes(tmp_path: Path) -> None:
    more = "void more(void)\n{\n    CALL_OP(root, enqueue, NULL, p);\n}\n"
    op = _read(tmp_path, calls=CALLS + more).ops["enqueue"]
    assert (op.tasks, op.locked_rq, len(op.places)) == ("sometimes", "sometimes", 2)


def test_a_dump_lasts_from_one_call_to_another(tmp_path: Path) -> None:
    assert {n for n, op in _read(tmp_path).ops.items() if op.dumping == "always"} == {"dump"}


def test_idle_tracking_is_off_after_a_function_that_switches_it_off(tmp_path: Path) -> None:
    assert {n for n, op in _read(tmp_path).ops.items() if op.idle_off == "always"} == {"exit"}


def test_a_key_may_be_switched_off_in_the_function_itself(tmp_path: Path) -> None:
    calls = CALLS.replace("    disable_idle();", "    static_branch_disable(&idle_enabled);")
    assert _read(tmp_path, calls=calls).ops["exit"].idle_off == "always"


def test_a_function_that_also_switches_the_key_on_tells_nothing(tmp_path: Path) -> None:
    both = "    static_branch_enable(&idle_enabled);\n    static_branch_disable(&idle_enabled);"
    calls = CALLS.replace("    disable_idle();", both)
    assert _read(tmp_path, calls=calls).ops["exit"].idle_off == "never"


def test_a_caller_that_still_holds_the_lock_of_an_rq_is_found(tmp_path: Path) -> None:
    locks = {name: op.lock for name, op in _read(tmp_path).ops.items() if op.lock}
    assert locks == {"move_group": Place(CORE_C, 11)}


def test_older_macros_record_no_rq(tmp_path: Path) -> None:
    calls = """\
static void run_ops(struct rq *rq, struct task_struct *p)
{
    CALL_OP_TASK(SCX_KF_ENQUEUE, enqueue, p, 0);
    CALL_OP(SCX_KF_DISPATCH, dispatch, rq->cpu, NULL);
}
"""
    ops = _read(tmp_path, macros=OLD_MACROS, calls=calls).ops
    assert {name: (op.tasks, op.locked_rq) for name, op in ops.items()} == {
        "enqueue": ("always", None),
        "dispatch": ("never", None),
    }


def test_a_condition_that_reports_no_error_is_no_check(tmp_path: Path) -> None:
    quiet = KFUNCS_C.replace("scx_error(", "pr_debug(")
    assert {item.asks for item in _read(tmp_path, kfuncs=quiet).checks} == {"rq_lock"}


def test_functions_that_call_each_other_end(tmp_path: Path) -> None:
    loop = """\
static bool again(struct task_struct *p);
static bool task_ok(struct scx_sched *sch, struct task_struct *p)
{
    again(p);
    if (p != current->scx.kf_tasks[0]) {
        scx_error(sch, "no");
        return false;
    }
    return true;
}
static bool again(struct task_struct *p)
{
    return task_ok(root, p);
}
__bpf_kfunc void kick(struct task_struct *p)
{
    again(p);
}
"""
    found = _read(tmp_path, kfuncs=loop).checks
    assert [(item.kfunc, item.asks, item.sure) for item in found] == [("kick", "task", True)]


def test_trees_without_a_scheduler_have_nothing(tmp_path: Path) -> None:
    code = Code(Tree(tmp_path), read_config(b""))
    assert extract_run_time_checks(code, (), KFUNCS) == ((), ())


def test_other_structures_are_not_taken_for_the_scheduler(tmp_path: Path) -> None:
    _write(tmp_path, _tree())
    code = Code(Tree(tmp_path), read_config(b""))
    types = (_ops("other_ops", ("init",)), _ops("sched_ext_ops", MEMBERS))
    _, found = extract_run_time_checks(code, types, KFUNCS)
    assert {item.struct_ops for item in found} == {"sched_ext_ops"}


def _ops(name: str, members: tuple[str, ...]) -> StructOps:
    place = Place(EXT_C, 1)
    fields = tuple(
        Member(member, 8 * at, True, "", True, MemberSleep.MAY, place, None, None)
        for at, member in enumerate(members)
    )
    return StructOps(name, f"bpf_{name}", "vmlinux", place, fields)


def _tree(*, macros: str = MACROS, kfuncs: str = KFUNCS_C, calls: str = CALLS) -> dict[str, str]:
    return {EXT_C: macros + kfuncs + calls, CORE_C: CORE}


def _write(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)


def _read(
    tmp_path: Path, *, macros: str = MACROS, kfuncs: str = KFUNCS_C, calls: str = CALLS
) -> _Read:
    _write(tmp_path, _tree(macros=macros, kfuncs=kfuncs, calls=calls))
    code = Code(Tree(tmp_path), read_config(b""))
    types = (_ops("sched_ext_ops", MEMBERS),)
    checks, ops = extract_run_time_checks(code, types, KFUNCS)
    return _Read(checks, {op.member: op for op in ops})
