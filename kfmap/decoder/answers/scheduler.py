"""Answers about sched_ext: masks at run time, and why a scheduler ended or was not enabled."""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.asked import MOST, Asked, Explanation, kfunc_name, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.name_list import list_names
from kfmap.permission.run_time import RunTimeMasks
from kfmap.permission.verdict import Step, give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE


def _answer_mask(message: LogMessage, asked: Asked) -> Explanation:
    found = _find_masks(asked)
    if found is None:
        text = "No kernel of the map checks masks at run time: Linux 6.12 to 7.0 did."
        return Explanation(text, of_kernel=True)
    decider, masks = found
    wanted, in_force = int(message.facts["mask"], 16), int(message.facts["allowing"], 16)
    kfuncs = sorted(name for name, guard in masks.guards.items() if guard.mask == wanted)
    kfunc = message.kfunc if message.kfunc in masks.guards else None
    caller = _find_caller(message, masks, asked)
    callers = sorted(m for (_, m), op in masks.ops.items() if op.mask == in_force)
    if caller and caller.member in callers:
        callers = [caller.member]
    which = kfunc or f"one of {list_names(kfuncs)}" if kfuncs else "the kfunc"
    text = f"{which} checks for {masks.name_mask(wanted)} on each call, and"
    text += f" {masks.name_mask(in_force)} was in force"
    text += f": it was called from {list_names(callers)}" if callers else ""
    text += "" if decider is asked.decider else f" (names as in {decider.facts.name})"
    guard = masks.guards.get(kfunc or (kfuncs[0] if kfuncs else ""))
    place = guard.path[-1][1] if guard and guard.path else None
    reason = give_reason(
        Step.RUN_TIME_MASK, text[0].upper() + text[1:] if not kfunc else text, place
    )
    legal = tuple(
        render_context(Context(STRUCT_OPS_TYPE, struct_ops=ops, member=member))
        for (ops, member), op in sorted(masks.ops.items())
        if (op.mask & wanted) or (guard and guard.unlocked and not op.mask)
    )
    return Explanation(say(reason), legal[:MOST], caller, of_kernel=True)


def _find_masks(asked: Asked) -> tuple[Decider, RunTimeMasks] | None:
    """Return the masks of this kernel, else of the newest that has some."""
    for decider in asked.all_deciders():
        if decider.run_time is not None:
            return decider, decider.run_time
    return None


def _find_caller(message: LogMessage, masks: RunTimeMasks, asked: Asked) -> Context | None:
    context = asked.find_context(message)
    key = (context.struct_ops, context.member) if context else ("", "")
    return context if key in masks.ops else None


def _answer_nested(message: LogMessage, asked: Asked) -> Explanation:
    which = message.kfunc or f"A kfunc for {message.facts.get('member', 'an operation')}"
    text = (
        f"{which} was called while another operation ran inside the one that may call it, such as"
        " dequeue inside dispatch."
    )
    return Explanation(text, ("the call from the outer operation",), of_kernel=True)


def _answer_foreign(message: LogMessage, asked: Asked) -> Explanation:
    which = message.kfunc or "The kfunc"
    guards = asked.decider.run_time.guards if asked.decider.run_time else {}
    names = sorted(name for name, guard in guards.items() if guard.task_argument)
    if not message.kfunc and names:
        which = f"The kfunc ({list_names(names)})"
    text = (
        f"{which} works only on a task that is an argument of the running operation, and only in"
        " operations that the kernel calls for a task."
    )
    return Explanation(text, ("the operation's own task", "bpf_task_from_pid() and its own fields"))


def _answer_stall(message: LogMessage, asked: Asked) -> Explanation:
    task, seconds = message.facts.get("task"), message.facts.get("seconds")
    if "watchdog failed" in message.text:
        text = (
            f"The watchdog itself did not run for {seconds} s: the scheduler starved its kworker."
        )
    elif "rescue" in message.text:
        text = "A sub-scheduler left tasks waiting, and rescuing them took too much CPU time."
    elif "lock" in message.text or "RCU" in message.text:
        text = "A CPU was stuck while the scheduler ran, so the kernel ended the scheduler."
    else:
        who = task or "A task"
        after = f" for {seconds} s" if seconds else ""
        text = (
            f"{who} was ready to run and was not run{after}, longer than timeout_ms of the ops: it"
            " was lost (dequeued and never inserted), starved, or put where no CPU looks."
        )
    steps = (
        "every task that enqueue got is inserted into a DSQ that dispatch consumes",
        "per-CPU kthreads go to SCX_DSQ_LOCAL",
        "scx_bpf_kick_cpu() after an insert for an idle CPU",
    )
    return Explanation(text, steps)


def _answer_own_error(message: LogMessage, asked: Asked) -> Explanation:
    said = message.facts.get("said", "")
    text = "The scheduler ended itself with scx_bpf_error()"
    text += f"; in its own words: {said}" if said else ""
    return Explanation(f"{text}.")


_SENTENCES = {
    Kind.SCX_CPU: "The scheduler named a CPU, node or cid that does not exist, that is offline, or"
    " that the task may not run on.",
    Kind.SCX_DSQ: "The scheduler named a dispatch queue that does not exist or is gone, or used it"
    " in another order (FIFO or vtime) than before.",
    Kind.SCX_FLAGS: "The scheduler passed flags or set ops flags that do not go together.",
    Kind.SCX_SETUP: "sched_ext refused to enable the scheduler: its flags, its callbacks or the"
    " kernel's set-up do not fit.",
    Kind.SCX_HOTPLUG: "A CPU came or went while the scheduler ran or was loaded, and it has no"
    " cpu_online and cpu_offline: load it again.",
    Kind.SCX_EXIT: "The scheduler ended without an error, and the kernel's own took over.",
    Kind.SCX_ERROR: "sched_ext ended the scheduler with an error that kfmap does not know more of.",
}
_STEPS = {
    Kind.SCX_CPU: ("bpf_cpumask_test_cpu() on p->cpus_ptr before", "scx_bpf_nr_cpu_ids() as bound"),
    Kind.SCX_DSQ: ("scx_bpf_create_dsq() in init, from struct_ops.s",),
    Kind.SCX_HOTPLUG: (
        "cpu_online and cpu_offline callbacks",
        "a restart on SCX_ECODE_ACT_RESTART",
    ),
}


def _answer_plainly(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.FAULT:
        return Explanation("A fault of sched_ext itself, worth a report to its developers.")
    return Explanation(_SENTENCES[message.kind], _STEPS.get(message.kind, ()))


def _answer_call(message: LogMessage, asked: Asked) -> Explanation:
    kfunc = message.kfunc
    which = kfunc or "A sched_ext kfunc"
    if "direct-dispatch" in message.text:
        text = "A task was inserted twice, or another task than the one that enqueue is about."
        return Explanation(text)
    if "overflow" in message.text or "underflow" in message.text:
        text = (
            "dispatch inserted more tasks than dispatch_max_batch, or cancelled more than it did."
        )
        return Explanation(text, ("scx_bpf_dispatch_nr_slots()",))
    if "reenqueue" in message.text or "REENQ" in message.text:
        return Explanation("A task was enqueued again and again and never ran.")
    if "must be used" in message.text:
        return Explanation(f"The old form of the call is refused: use {which}().", (which,))
    known = asked.decider.find_kfunc(kfunc_name(kfunc)) if kfunc else None
    reason = give_reason(
        "scx_call", f"{which} was called in a state that it refuses", known.place if known else None
    )
    return Explanation(say(reason), of_kernel=known is not None)


def _answer_callback(message: LogMessage, asked: Asked) -> Explanation:
    member = message.facts.get("member", "")
    if "disallow" in message.text:
        text = f"ops.{member}() may refuse a task with p->scx.disallow only while the scheduler is"
        return Explanation(f"{text} being enabled.")
    text = (
        f"ops.{member}() of the scheduler returned the error, and the kernel ended the scheduler."
    )
    return Explanation(text, (f"0 or a valid -errno from {member}",))


SCHEDULER = {
    Kind.RUN_TIME_MASK: _answer_mask,
    Kind.NESTED: _answer_nested,
    Kind.FOREIGN_TASK: _answer_foreign,
    Kind.SCX_STALL: _answer_stall,
    Kind.SCX_BPF_ERROR: _answer_own_error,
    Kind.SCX_CALL: _answer_call,
    Kind.SCX_CALLBACK: _answer_callback,
    **dict.fromkeys(_SENTENCES, _answer_plainly),
}
