"""Answers as JSON: what commands, API and pages give to programs."""

from __future__ import annotations

from typing import Any

from kfmap.permission.answers import Answer
from kfmap.permission.context_words import render_context
from kfmap.permission.verdict import Outcome, Reason


def plain_answer(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON form of an answer.

    `verdict` is the permission check alone, `outcome` what becomes of the call; `layers` are the
    kernel's checks beside permission. `kind` says what is called: a kfunc, a helper, or another
    function of the kernel.
    """
    verdict = outcome.verdict
    return {
        "verdict": verdict.verdict,
        "run_time": verdict.run_time,
        "outcome": outcome.outcome,
        "kind": outcome.kind,
        "needs": list(outcome.needs),
        "because": say_because(outcome.because),
        "instead": list(outcome.instead),
        "reasons": [_plain_reason(reason) for reason in verdict.reasons],
        "layers": [
            {"kind": layer.kind, "blocks": layer.blocks, **_plain_reason(layer.reason)}
            for layer in verdict.layers
        ],
    }


def plain_question(kernel: str, answer: Answer, estimate: str = "") -> dict[str, Any]:
    """Return the JSON form of what was asked, with the context as it was understood.

    `estimate` says how far off the answer may be, where the kernel has the rules of another one.
    """
    return {
        **({"estimate": estimate} if estimate else {}),
        "kernel": kernel,
        "context": answer.context_name,
        "kfunc": answer.kfunc,
        "alike": [render_context(context) for context in answer.alike],
    }


def say_because(because: Reason) -> str:
    """Return the deciding reason as a sentence, with the line of the kernel it stands on."""
    return f"{because.full_text}."


def _plain_reason(reason: Reason) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "text": reason.text,
        "file": reason.file,
        "line": reason.line,
    }
