"""Whether a program of a context may be sleepable, and must be, as the verifier has it.

Mirrors can_be_sleepable() and check_attach_btf_id() of kernel/bpf/verifier.c, and check_member() of
the struct_ops types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kfmap.permission.context import Context
from kfmap.permission.context_words import KPROBE, LSM, SYSCALL, TRACING, render_context
from kfmap.permission.verdict import Reason, give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE, ViewBuilder

MAY = "may"
NEVER = "never"
MUST = "must"
UNKNOWN_SLEEP = "unknown"
_SENTENCES = {
    MAY: "{} may sleep",
    NEVER: "{} may not sleep",
    MUST: "{} must be sleepable",
}

# What can_be_sleepable() of every kernel from 6.12 to 7.3 says; the rest differs between them.
_ATTACHMENTS_THAT_MAY = ("BPF_TRACE_FENTRY", "BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN")
_ITERATOR = "BPF_TRACE_ITER"
_TYPES_THAT_DIFFER = ("BPF_PROG_TYPE_TRACEPOINT", "BPF_PROG_TYPE_RAW_TRACEPOINT")


@dataclass(frozen=True, slots=True)
class SleepAnswer:
    """One of MAY, NEVER, MUST, UNKNOWN_SLEEP for a context; `reason` says it in a sentence."""

    word: str
    reason: Reason

    def blocks(self, sleepable: bool) -> bool | None:
        """Return whether a program that is sleepable, or is not, cannot load; None: not known."""
        if sleepable:
            return {NEVER: True, UNKNOWN_SLEEP: None}.get(self.word, False)
        return self.word == MUST


def find_sleep_answer(context: Context, views: ViewBuilder) -> SleepAnswer:
    """Return whether programs of this context may be sleepable, whatever the asked one is."""
    if context.program_type == STRUCT_OPS_TYPE:
        return _answer_of_member(context, views)
    name = render_context(replace(context, sleepable=False))
    word = _word_of(context)
    return SleepAnswer(word, Reason("sleepable_context", _say(word, f"{name} programs")))


def _answer_of_member(context: Context, views: ViewBuilder) -> SleepAnswer:
    member = views.find_member(context)
    if member is None:
        text = f"this kernel has no {context.struct_ops}.{context.member}"
        return SleepAnswer(UNKNOWN_SLEEP, Reason("sleepable_member", text))
    text = _say(member.sleepable, f"{context.struct_ops}.{member.name}")
    reason = give_reason("sleepable_member", text, member.sleepable_place)
    return SleepAnswer(member.sleepable, reason)


def _word_of(context: Context) -> str:
    if context.program_type == SYSCALL:
        return MUST
    if context.program_type == KPROBE:
        return MAY
    if context.program_type == LSM:
        return UNKNOWN_SLEEP if context.target else MAY
    if context.program_type in _TYPES_THAT_DIFFER:
        return UNKNOWN_SLEEP
    if context.program_type == TRACING:
        if context.attach_type in _ATTACHMENTS_THAT_MAY:
            return UNKNOWN_SLEEP if context.target else MAY
        return MAY if context.attach_type == _ITERATOR else UNKNOWN_SLEEP
    return NEVER


def _say(word: str, subject: str) -> str:
    sentence = _SENTENCES.get(word, "whether {} may sleep is not known")
    return sentence.format(subject)
