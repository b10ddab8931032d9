"""Answers as text for a terminal."""

from __future__ import annotations

import pytest

from kfmap.kernel.facts import Place
from kfmap.permission.answer_text import render_answer, render_answers
from kfmap.permission.answers import Answer
from kfmap.permission.context import Context
from kfmap.permission.outcome_words import WILL_NOT_LOAD
from kfmap.permission.verdict import ALLOWED, Outcome, Step, Verdict, give_reason

MANY = tuple(f"struct_ops:toy_ops.call{number}" for number in range(20))


def answer_with(instead: tuple[str, ...]) -> Answer:
    reason = give_reason(Step.SET, "toy_sleep may sleep, and xdp may not sleep", Place("a.c", 7))
    outcome = Outcome(WILL_NOT_LOAD, (), reason, instead, Verdict(ALLOWED, None, (reason,)))
    return Answer(Context("BPF_PROG_TYPE_XDP"), "toy_sleep", outcome)


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        (("bpf_wq",), "a bpf_wq callback, which may sleep"),
        (("toy_wait", "syscall"), "toy_wait, syscall"),
        (MANY[:12], ", ".join(MANY[:12])),
        (MANY, f"{', '.join(MANY[:12])} and 8 more"),
    ],
)
def test_answer_says_what_to_do_instead(instead: tuple[str, ...], said: str) -> None:
    lines = render_answer("7.3", answer_with(instead)).splitlines()
    assert lines[1:3] == [
        "  because toy_sleep may sleep, and xdp may not sleep (a.c:7).",
        f"  instead: {said}",
    ]


def test_answer_without_a_way_says_nothing_of_one() -> None:
    assert "instead" not in render_answer("7.3", answer_with(()))


def test_line_of_a_kernel_names_the_nearest_only() -> None:
    text = render_answers([("7.3", answer_with(MANY)), ("7.2", answer_with(("bpf_wq",)))])
    near, deferred = text.splitlines()[2:]
    assert near.endswith(f"Instead: {', '.join(MANY[:3])} and 17 more.")
    assert deferred.endswith("Instead: a bpf_wq callback, which may sleep.")
