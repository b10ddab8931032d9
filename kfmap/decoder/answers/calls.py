"""Answers about calls of kfuncs: permission, sleeping, capabilities."""

from __future__ import annotations

from dataclasses import replace

from kfmap.decoder.about import About
from kfmap.decoder.asked import Asked, Explanation, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.missing import Missing
from kfmap.permission.name_list import list_names
from kfmap.permission.outcome_words import (
    ALLOWED,
    FAILS_AT_RUN_TIME,
    NOT_ON_THIS_KERNEL,
    ONLY_IF_SLEEPABLE,
)
from kfmap.permission.verdict import Reason, Step, give_reason

_MANY = 40  # contexts: that only they may call is no help any more
_REGIONS = {
    "rcu_read_lock region": ("an RCU read-side section", "bpf_rcu_read_unlock()"),
    "RCU read lock region": ("an RCU read-side section", "bpf_rcu_read_unlock()"),
    "non-preemptible region": ("a section with preemption disabled", "bpf_preempt_enable()"),
    "IRQ-disabled region": ("a section with interrupts disabled", "bpf_local_irq_restore()"),
    "lock region": ("a section under a BPF lock", "the unlock"),
}


def say_region(region: str) -> tuple[str, str]:
    """Return the words for a region of the verifier's, and what ends it; "" where nothing does."""
    return _REGIONS.get(region, ("a program that may not sleep", ""))


def _answer_not_allowed(message: LogMessage, asked: Asked) -> Explanation:
    kfunc = message.kfunc
    if kfunc is None:
        return Explanation("The permission check refused a kfunc that the text does not name.")
    if not asked.has_kfunc(kfunc):
        return _answer_no_kfunc(kfunc, message, asked)
    return answer_refusal(kfunc, message, asked)


def answer_refusal(called: str, message: LogMessage, asked: Asked) -> Explanation:
    """Answer why a program was refused a kfunc or a helper that the kernel has."""
    context = asked.find_context(message)
    if context is None:
        return _answer_without_context(called, asked)
    found = asked.answer_cell(message, called, context)
    if found.outcome in (ALLOWED, ONLY_IF_SLEEPABLE, FAILS_AT_RUN_TIME):
        where = render_context(context)
        text = (
            f"{asked.kernel} of the map permits {called} in {where}, so the kernel that refused it"
            " is another one, or built differently: choose the kernel that it ran on."
        )
        return replace(found, because=text, instead=())
    return found


def _answer_no_kfunc(kfunc: str, message: LogMessage, asked: Asked) -> Explanation:
    """Answer for a name that is no kfunc of the kernel, though it has a function of that name."""
    having = asked.kernels_with(kfunc)
    context = asked.find_context(message) or Context("BPF_PROG_TYPE_SYSCALL", sleepable=True)
    outcome = asked.decide(context, kfunc)
    if outcome.outcome == NOT_ON_THIS_KERNEL and not having:
        text = (
            f"{kfunc} is a function of the kernel that refused it and a kfunc of no kernel of the"
            " map: BPF programs may not call it"
        )
        return Explanation(say(Reason(Step.NO_KFUNC, text)), outcome.instead, of_kernel=True)
    return Explanation(say(outcome.because), outcome.instead, of_kernel=True)


def _answer_without_context(kfunc: str, asked: Asked) -> Explanation:
    who = asked.list_who_may(kfunc)
    if not who:
        text = f"No context of {asked.kernel} may call {kfunc}."
        return Explanation(text, of_kernel=True)
    unnamed = "the text does not name the type of the program that was refused"
    if len(who) > _MANY:
        text = (
            f"On {asked.kernel}, {kfunc} may be called from {len(who)} contexts, such as"
            f" {list_names(who[:3])}, but not from all: {unnamed}."
        )
    else:
        text = f"On {asked.kernel} only {list_names(who)} may call {kfunc}, and {unnamed}."
    return Explanation(text, asked.list_forms(kfunc), of_kernel=True)


def _answer_not_sleepable(message: LogMessage, asked: Asked) -> Explanation:
    kfunc = message.kfunc or ""
    region = message.facts.get("region", "")
    if region and region != "non-sleepable prog":
        words, end = say_region(region)
        text = f"{kfunc} may sleep, and the call stands in {words}, where nothing may sleep"
        steps = (f"the same call after {end}",) if end else ()
        context = asked.find_context(message)
        return Explanation(say(_sleep_reason(text, kfunc, asked)), steps, context, of_kernel=True)
    context = asked.find_context(message)
    if context is not None and asked.has_kfunc(kfunc):
        return _answer_sleep_in(context, kfunc, message, asked)
    return _answer_sleep_anywhere(kfunc, asked)


def _answer_sleep_in(
    context: Context, kfunc: str, message: LogMessage, asked: Asked
) -> Explanation:
    if not context.sleepable:
        found = asked.answer_cell(message, kfunc, context)
        if found.outcome != ALLOWED:
            return found
    text = (
        f"{kfunc} may sleep, and although {render_context(context)} programs may, the call stands"
        " in a callback that may not, such as a timer's"
    )
    reason = _sleep_reason(text, kfunc, asked)
    return Explanation(say(reason), ("bpf_wq",), context, of_kernel=True)


def _answer_sleep_anywhere(kfunc: str, asked: Asked) -> Explanation:
    text = f"{kfunc} may sleep, so only a sleepable program may call it, and no timer callback"
    reason = _sleep_reason(text, kfunc, asked)
    return Explanation(say(reason), asked.list_forms(kfunc), of_kernel=True)


def _sleep_reason(text: str, kfunc: str, asked: Asked) -> Reason:
    listed = asked.decider.find_listed(kfunc) if asked.has_kfunc(kfunc) else []
    place = next((i.entry.place for i in listed if "KF_SLEEPABLE" in i.entry.flags), None)
    return give_reason("sleepable", text, place)


def _answer_device_bound(message: LogMessage, asked: Asked) -> Explanation:
    bound = [kfunc.name for kfunc in asked.facts.kfuncs if kfunc.device_bound]
    which = f" ({list_names(bound)})" if bound else ""
    text = f"XDP metadata kfuncs{which} are only for programs that are loaded bound to a device."
    if message.about == About.OFFLOADED:
        text = f"XDP metadata kfuncs{which} cannot be called from a program offloaded to a device."
    if message.about == About.MISMATCH:
        text = "The program to attach to is bound to another device than this one."
    steps = ("bpf_program__set_ifindex()", "BPF_F_XDP_DEV_BOUND_ONLY")
    return Explanation(text, steps, of_kernel=True)


def _answer_destructive(message: LogMessage, asked: Asked) -> Explanation:
    names = _with_flag("KF_DESTRUCTIVE", asked)
    which = message.kfunc or message.called or list_names(names) or "The kfunc"
    text = f"{which} can stop the system, so the loader needs CAP_SYS_BOOT."
    return Explanation(text, of_kernel=True)


def _answer_perfmon(message: LogMessage, asked: Asked) -> Explanation:
    text = f"{message.kfunc} can read what it should not, so the loader needs CAP_PERFMON."
    return Explanation(text)


def _with_flag(flag: str, asked: Asked) -> list[str]:
    entries = [entry for item in asked.facts.sets for entry in item.entries]
    return list(dict.fromkeys(entry.kfunc for entry in entries if flag in entry.flags))


def _answer_licence(message: LogMessage, asked: Asked) -> Explanation:
    texts = {
        About.KFUNC: "Every kfunc call needs a GPL-compatible licence, and the program has none.",
        About.HELPER: f"{message.called or 'The helper'} is for programs with a GPL-compatible"
        " licence only.",
        About.STRUCT_OPS: "A struct_ops program needs a GPL-compatible licence, kfunc or not.",
        About.LSM: "An LSM program needs a GPL-compatible licence, kfunc or not.",
    }
    step = 'char LICENSE[] SEC("license") = "GPL";'
    return Explanation(texts[message.about], (step,))


def missing_kfunc(name: str) -> Missing:
    """Return the kfunc as something that a kernel may lack."""
    return Missing(KernelPart.KFUNC, name)


CALLS = {
    Kind.NOT_ALLOWED: _answer_not_allowed,
    Kind.NOT_SLEEPABLE: _answer_not_sleepable,
    Kind.DEVICE_BOUND: _answer_device_bound,
    Kind.DESTRUCTIVE: _answer_destructive,
    Kind.PERFMON: _answer_perfmon,
    Kind.LICENCE: _answer_licence,
}
