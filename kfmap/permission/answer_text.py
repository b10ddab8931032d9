"""Answers as text for a terminal: first what becomes of the call, then why, then the trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfmap.permission.answer_json import say_because
from kfmap.permission.answers import Answer
from kfmap.permission.context_words import render_context
from kfmap.permission.instead import say_suggestion
from kfmap.permission.outcome_words import NEEDS, OUTCOMES, TITLES
from kfmap.permission.verdict import Outcome

_MOST, _MOST_IN_LINE = 12, 3


def render_answer(kernel: str, answer: Answer, estimate: str = "", near: Sequence[str] = ()) -> str:
    """Return one answer with its trace, and that it is an estimate where it is one.

    `near`: functions of the kernel whose names are like one that it does not have.
    """
    outcome = answer.outcome
    head = f"{kernel}: {answer.context_name} → {answer.kfunc}: {TITLES[outcome.outcome]}"
    steps = [*outcome.verdict.reasons, *(layer.reason for layer in outcome.verdict.layers)]
    trace = [f"    {step.full_text}" for step in steps]
    marked = [head, *([f"  This is {estimate}."] if estimate else [])]
    hint = [f"  similar names: {', '.join(near)}"] if near else []
    steps_told = ["  step by step:", *trace] if trace else []
    return "\n".join([*marked, *_explain(answer), *hint, *steps_told])


def render_answers(answers: Sequence[tuple[str, Answer]]) -> str:
    """Return a line per kernel, those with one outcome together, in the order of the kernels."""
    names = dict.fromkeys(f"{item.context_name} → {item.kfunc}" for _, item in answers)
    lines = list(names)
    words = {item.outcome.outcome for _, item in answers}
    for word in sorted(words, key=OUTCOMES.index):
        lines.append(f"{TITLES[word]}:")
        group = [(kernel, item) for kernel, item in answers if item.outcome.outcome == word]
        width = max(len(kernel) for kernel, _ in group)
        lines += [f"  {kernel:<{width}}  {_say(item.outcome)}" for kernel, item in group]
    return "\n".join(lines)


def _explain(answer: Answer) -> Iterator[str]:
    outcome = answer.outcome
    yield f"  because {say_because(outcome.because)}"
    for need in outcome.needs:
        yield f"  needs: {NEEDS[need]}"
    if outcome.instead:
        yield f"  instead: {_list_suggestions(outcome.instead, _MOST)}"
    if answer.alike:
        names = ", ".join(render_context(context) for context in answer.alike)
        yield f"  the same holds for {names}"


def _say(outcome: Outcome) -> str:
    return say_because(outcome.because) + _say_instead(outcome.instead)


def _say_instead(instead: Sequence[str]) -> str:
    return f" Instead: {_list_suggestions(instead, _MOST_IN_LINE)}." if instead else ""


def _list_suggestions(names: Sequence[str], most: int) -> str:
    """Return the nearest of them, and how many more there are: JSON lists all."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(say_suggestion, names[:most])) + more
