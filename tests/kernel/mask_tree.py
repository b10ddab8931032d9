"""A small scheduler with run-time masks, written for the tests: parts to put together."""

from __future__ import annotations

EXT_H = "include/linux/sched/ext.h"
EXT_C = "kernel/sched/ext.c"
IDLE_C = "kernel/sched/ext_idle.c"

BITS = """\
enum scx_kf_mask {
    SCX_KF_UNLOCKED = 0,
    SCX_KF_CPU_RELEASE = 1 << 0,
    SCX_KF_DISPATCH = 1 << 1,
    SCX_KF_ENQUEUE = 1 << 2,
    SCX_KF_REST = 1 << 3,
    __SCX_KF_RQ_LOCKED = SCX_KF_CPU_RELEASE | SCX_KF_DISPATCH | SCX_KF_ENQUEUE | SCX_KF_REST,
};
"""

MACROS = """\
#define CALL_OP(mask, op, args...)    \\
do {    \\
    scx_kf_allow(mask);    \\
    ops.op(args);    \\
    scx_kf_disallow(mask);    \\
} while (0)
#define CALL_OP_TASK(mask, op, task, args...)    \\
do {    \\
    current->scx.kf_tasks[0] = task;    \\
    CALL_OP(mask, op, task, ##args);    \\
} while (0)
"""

# The same with the scheduler instance first, as newer trees have it.
LATER_MACROS = """\
#define CALL_OP(sch, mask, op, rq, args...)    \\
do {    \\
    if (mask)    \\
        scx_kf_allow(mask);    \\
    (sch)->ops.op(args);    \\
} while (0)
#define CALL_OP_TASK(sch, mask, op, rq, task, args...)    \\
do {    \\
    CALL_OP((sch), mask, op, rq, task, ##args);    \\
} while (0)
"""

CHECKS = """\
static u32 bits_above(u32 flags)
{
    return ~((1 << fls(flags)) - 1);
}

static u32 top_bit(u32 flags)
{
    int bit = fls(flags);

    return ((u64)1 << bit) >> 1;
}

static __always_inline bool scx_kf_allowed(u32 mask)
{
    if (unlikely(!(current->scx.kf_mask & mask))) {
        complain("not from here");
        return false;
    }
    if (unlikely(top_bit(mask) == SCX_KF_DISPATCH &&
             (current->scx.kf_mask & bits_above(SCX_KF_DISPATCH))))
        return false;
    return true;
}

static __always_inline bool scx_kf_allowed_on_arg_tasks(u32 mask, struct task_struct *p)
{
    if (!scx_kf_allowed(mask))
        return false;
    if (unlikely(p != current->scx.kf_tasks[0]))
        return false;
    return true;
}

static bool scx_kf_allowed_if_unlocked(void)
{
    return !current->scx.kf_mask;
}
"""

KFUNCS = """\
static bool ready_to_insert(struct task_struct *p)
{
    if (!scx_kf_allowed(SCX_KF_ENQUEUE | SCX_KF_DISPATCH))
        return false;
    return p != NULL;
}

static bool move_task(struct task_struct *p)
{
    if (!scx_kf_allowed_if_unlocked() &&
        !scx_kf_allowed(SCX_KF_DISPATCH))
        return false;
    return lock_and_move(p);
}

__bpf_kfunc void insert(struct task_struct *p)
{
    if (!ready_to_insert(p))
        return;
    push(p);
}

__bpf_kfunc bool move(struct task_struct *p)
{
    return move_task(p);
}

__bpf_kfunc int pick_cpu(struct task_struct *p, int cpu)
{
    guard(rcu)();
    if (cpu < 0)
        return -1;
    if (scx_kf_allowed_if_unlocked()) {
        lock(p);
    } else {
        if (!scx_kf_allowed(SCX_KF_ENQUEUE))
            return -1;
    }
    if (scx_kf_allowed_if_unlocked())
        unlock(p);
    return cpu;
}

__bpf_kfunc struct cgroup *group_of(struct task_struct *p)
{
    struct cgroup *cgrp = NULL;

    if (unlikely(!root))
        goto out;
    if (!scx_kf_allowed_on_arg_tasks(__SCX_KF_RQ_LOCKED, p))
        goto out;
    cgrp = p->cgrp;
out:
    return cgrp;
}

__bpf_kfunc void kick(int cpu)
{
    wake(cpu);
}
"""

CALLS = """\
static void run_ops(struct rq *rq, struct task_struct *p)
{
    CALL_OP_TASK(SCX_KF_ENQUEUE, enqueue, p, 0);
    CALL_OP(SCX_KF_DISPATCH, dispatch, rq->cpu,
        NULL);
    CALL_OP(SCX_KF_UNLOCKED, init);
#ifdef CONFIG_SCHED_CORE
    CALL_OP_TASK(SCX_KF_REST, core_sched_before, p);
#endif
    CALL_OP_TASK(SCX_KF_REST, tick, p);
    CALL_OP_TASK(SCX_KF_REST, tick, p->next);
}
"""

LATER_CALLS = """\
static void run_ops(struct scx_sched *sch, struct rq *rq, struct task_struct *p)
{
    CALL_OP_TASK(sch,
             SCX_KF_ENQUEUE | SCX_KF_REST,
             enqueue, rq, p, 0);
    CALL_OP(sch, SCX_KF_UNLOCKED, init, NULL);
}
"""
