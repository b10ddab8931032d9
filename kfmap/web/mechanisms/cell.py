"""One cell through every mechanism: what each says and why, beside the kernel itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.mechanisms.compare import Comparison
from kfmap.permission.outcome_words import FAILS_AT_RUN_TIME
from kfmap.permission.verdict import FAILS, Reason, Verdict
from kfmap.web.shared.links import question_url


@dataclass(frozen=True, slots=True)
class Said:
    """What the kernel or a mechanism says of a cell, in one word and with its reasons."""

    title: str
    word: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class CellPage:
    """A cell that was asked for; `problem` says what is wrong with the question, "" for nothing."""

    contexts: tuple[str, ...]
    context: str
    kfunc: str
    problem: str
    url: str
    rows: tuple[Said, ...]


def build_cell_page(
    kernel: LoadedKernel, rows: Sequence[Comparison], context: str, kfunc: str
) -> CellPage:
    """Ask every mechanism of a comparison about one cell; with "" for names nothing is asked."""
    contexts = {render_context(item): item for item in rows[0].mechanism.contexts}
    problem = ""
    if context and context not in contexts:
        problem = f"{context} is not one of the contexts compared here"
    elif kfunc and kfunc not in kernel.decider.kfuncs:
        problem = f"this kernel has no kfunc {kfunc}"
    asked = bool(context and kfunc and not problem)
    return CellPage(
        contexts=tuple(contexts),
        context=context,
        kfunc=kfunc,
        problem=problem,
        url=question_url(kernel.name, context, kfunc) if asked else "",
        rows=tuple(_ask(kernel, rows, contexts[context], kfunc)) if asked else (),
    )


def _ask(
    kernel: LoadedKernel, rows: Sequence[Comparison], context: Context, kfunc: str
) -> Iterator[Said]:
    verdict = kernel.decider.decide(context, kfunc)
    yield Said("The kernel itself", _word(verdict), verdict.reasons[-1:])
    for row in rows:
        verdict = row.mechanism.decide(context, kfunc)
        yield Said(row.title, _word(verdict), verdict.reasons)


def _word(verdict: Verdict) -> str:
    """Return the permission check and the run-time check as one word: nothing else is compared."""
    return FAILS_AT_RUN_TIME if verdict.run_time == FAILS else verdict.verdict
