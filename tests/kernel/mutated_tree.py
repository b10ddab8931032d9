"""A small kernel with one idiom changed, and what its compiler would make of it.

Two kfuncs, `one` and `two`; the truth says which program types may call them. A tree is read right
when every cell is as the truth has it or, where the idiom is beyond kfmap, unknown with a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.unread import UNREAD_RULE
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN
from tests.kernel.small_kernel import INCLUDES, SET_C, extract

TYPES = ("XDP", "SCHED_CLS", "TRACING", "SYSCALL")
Truth = Mapping[str, str]  # kfunc -> the program types that may call it


def extract_text(root: Path, text: str, files: Mapping[str, str] | None = None) -> KernelFacts:
    """Extract a kernel whose net/set.c is this text."""
    return extract(root, {SET_C: INCLUDES + text, **(files or {})})


def find_wrong(facts: KernelFacts, truth: Truth) -> tuple[list[str], list[str]]:
    """Return the cells that are not as the truth has them, and those that are unknown.

    An unknown cell without a line of the tree counts as wrong.
    """
    decider = Decider(facts)
    wrong: list[str] = []
    unknown: list[str] = []
    for kfunc, allowed in truth.items():
        for type_ in TYPES:
            context = Context(f"BPF_PROG_TYPE_{type_}")
            verdict = decider.decide(context, kfunc)
            assert verdict.verdict == _letter(decider, context, kfunc, verdict.verdict)
            cell = f"{kfunc} in {type_}: {verdict.verdict}"
            if verdict.verdict == UNKNOWN:
                lines = [r.where for r in verdict.reasons if r.rule == UNREAD_RULE and r.file]
                (unknown if lines else wrong).append(cell)
            elif verdict.verdict != (ALLOWED if type_ in allowed.split() else REFUSED):
                wrong.append(cell)
    return wrong, unknown


def _letter(decider: Decider, context: Context, kfunc: str, other: str) -> str:
    """Return what the matrix has for a cell, which has a row for every kfunc that is known."""
    if kfunc not in decider.kfuncs:
        return other
    return decider.bits(context).word(decider.kfuncs.index(kfunc))
