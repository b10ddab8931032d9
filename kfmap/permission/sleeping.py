"""Whether a program of a context may be sleepable, and must be, as the verifier has it.

Mirrors can_be_sleepable() and check_attach_btf_id() of kernel/bpf/verifier.c, and check_member() of
the struct_ops types.
"""

from __future__ import annotations

from collections.abc import Sequence

from kfmap.kernel.program_facts import (
    MAY,
    MUST,
    NEVER,
    TARGET_DECIDES,
    UNKNOWN,
    AttachTargets,
    SleepRule,
    Target,
    find_target,
)
from kfmap.permission.context import Context
from kfmap.permission.context_words import LSM, TARGET_PREFIXES, render_context
from kfmap.permission.section_names import render_section_name
from kfmap.permission.verdict import Reason, give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE, ViewBuilder
from kfmap.quick_dataclass import dataclass, replace

_TRACEPOINT = "BPF_TRACE_RAW_TP"
_SENTENCES = {
    MAY: "{} may sleep",
    NEVER: "{} may not sleep",
    MUST: "{} must be sleepable",
}


@dataclass(frozen=True, slots=True)
class SleepAnswer:
    """One of MAY, NEVER, MUST, UNKNOWN for a context; `reason` says it in a sentence."""

    word: str
    reason: Reason

    def blocks(self, sleepable: bool) -> bool | None:
        """Return whether a program that is sleepable, or is not, cannot load; None: not known."""
        if sleepable:
            return {NEVER: True, UNKNOWN: None}.get(self.word, False)
        return self.word == MUST


def find_sleep_answer(context: Context, views: ViewBuilder) -> SleepAnswer:
    """Return whether programs of this context may be sleepable, whatever the asked one is."""
    if context.program_type == STRUCT_OPS_TYPE:
        return _answer_of_member(context, views)
    rule = _find_rule(context, views.facts.sleeping)
    word, place = (rule.answer, rule.place) if rule else (UNKNOWN, None)
    if word == TARGET_DECIDES:
        word, target = _ask_target(context, views.facts.targets)
        place = target.place if target else place
    name = render_context(replace(context, sleepable=False))
    return SleepAnswer(word, give_reason("sleepable_context", _say(word, name), place))


def find_sleepable_form(context: Context, views: ViewBuilder) -> Context | None:
    """Return the same context for a program that may sleep, None where there is no such program."""
    form = replace(context, sleepable=True)
    may = find_sleep_answer(context, views).word == MAY
    return form if may and not context.sleepable and render_section_name(form) else None


def _answer_of_member(context: Context, views: ViewBuilder) -> SleepAnswer:
    member = views.find_member(context)
    word, place = (member.sleepable, member.sleepable_place) if member else (UNKNOWN, None)
    text = _say(word, f"{context.struct_ops}.{context.member}")
    return SleepAnswer(word, give_reason("sleepable_member", text, place))


def _find_rule(context: Context, rules: Sequence[SleepRule]) -> SleepRule | None:
    """Return the rule for the program type and its attach type, else for the type alone."""
    of_type = [rule for rule in rules if rule.program_type == context.program_type]
    exact = [rule for rule in of_type if rule.attach_type == context.attach_type]
    return next(iter([*exact, *(rule for rule in of_type if rule.attach_type is None)]), None)


def _ask_target(context: Context, targets: AttachTargets | None) -> tuple[str, Target | None]:
    """Return MAY where the target is listed; where it is not said, where any is."""
    if targets is None:
        return UNKNOWN, None
    listed = _sleepable_targets(context, targets)
    if not context.target:
        return (MAY if listed else NEVER), None
    found = find_target(listed, _kernel_name(context))
    return (MAY if found else NEVER), found


def _sleepable_targets(context: Context, targets: AttachTargets) -> tuple[Target, ...]:
    if context.program_type == LSM:
        return targets.sleepable_hooks
    if context.attach_type == _TRACEPOINT:
        return targets.faultable_tracepoints
    return targets.sleepable


def _kernel_name(context: Context) -> str:
    """Return the name that the lists have: a tracepoint's is without the prefix of its BTF name."""
    name = context.target or ""
    return (
        name.removeprefix(TARGET_PREFIXES["tp_btf"]) if context.attach_type == _TRACEPOINT else name
    )


def _say(word: str, subject: str) -> str:
    sentence = _SENTENCES.get(word, "whether {} may sleep is not known")
    return sentence.format(subject)
