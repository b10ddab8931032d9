"""The answer to "can this context call this kfunc", as a page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from kfmap.catalogue.questions import QueryError, ask
from kfmap.catalogue.rows.read import RowsOnAll
from kfmap.catalogue.store import LoadedKernel, load_row
from kfmap.evidence.calls import MadeCall, find_call
from kfmap.evidence.confirming import Confirmation, find_confirmation
from kfmap.permission.answers import Answer
from kfmap.permission.context_words import render_context
from kfmap.permission.near_names import find_near
from kfmap.permission.outcome_words import NEEDS, NOT_ON_THIS_KERNEL
from kfmap.permission.verdict import Layer, Reason, Step
from kfmap.web.questions.instead import Suggestion, list_suggestions
from kfmap.web.shared.cells import TITLES, load_cells, load_row_of
from kfmap.web.shared.declaration import Declaration, declare
from kfmap.web.shared.flag_words import describe_flag, flags_of
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.links import context_url, question_url

_RUN_TIME = "run_time"
_USUAL_NEED = "gpl"  # every call needs it
_MOST_ASKED = 12  # kernels that one page asks about a cell that is not stored


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same cell on another kernel; `word` is "" where it was not asked."""

    kernel: str
    word: str
    url: str

    @property
    def title(self) -> str:
        """Return the word for people."""
        return TITLES.get(self.word, "")


@dataclass(frozen=True)
class AnswerPage:
    """One cell of one kernel, with everything that is known of it.

    `elsewhere`: newest first. `is_anywhere`: some kernel of the map has the kfunc or the helper.
    """

    kernel: LoadedKernel
    answer: Answer
    elsewhere: tuple[Elsewhere, ...]
    is_anywhere: bool
    declaration: Declaration | None
    confirmation: Confirmation | None = None
    call: MadeCall | None = None

    @property
    def kfunc(self) -> str:
        """Return the name of the function."""
        return self.answer.kfunc

    @property
    def context_name(self) -> str:
        """Return the short name of the context."""
        return self.answer.context_name

    @property
    def word(self) -> str:
        """Return the outcome."""
        return self.answer.outcome.outcome

    @property
    def title(self) -> str:
        """Return the outcome for people."""
        return TITLES[self.word]

    @property
    def because(self) -> Reason:
        """Return the reason that decides."""
        return self.answer.outcome.because

    @property
    def needs(self) -> list[str]:
        """Return what the program must bring, in words; what every call needs comes last."""
        return [NEEDS[need] for need in self.answer.outcome.needs if need != _USUAL_NEED]

    @property
    def alike(self) -> list[tuple[str, str]]:
        """Return the other contexts that the words may mean, with their answers' addresses."""
        names = [render_context(context) for context in self.answer.alike]
        return [(name, question_url(self.kernel.name, name, self.kfunc)) for name in names]

    @cached_property
    def instead(self) -> list[Suggestion]:
        """Return what to try instead, nearest first."""
        return list_suggestions(self.kernel, self.answer)

    @property
    def url(self) -> str:
        """Return the address of this answer."""
        return question_url(self.kernel.name, self.context_name, self.kfunc)

    @property
    def context_url(self) -> str:
        """Return the page of the context, "" where this kernel does not have it."""
        if self.word == NOT_ON_THIS_KERNEL and self.because.rule == Step.MISSING:
            cells = load_cells(self.kernel)
            return (
                context_url(self.kernel.name, self.answer.context)
                if self.context_name in cells.columns
                else ""
            )
        return context_url(self.kernel.name, self.answer.context)

    @property
    def near(self) -> list[str]:
        """Return names of functions that come near one that no kernel has."""
        if self.word != NOT_ON_THIS_KERNEL or self.is_anywhere or self.instead:
            return []
        decider = self.kernel.decider
        return find_near(self.kfunc, (*decider.kfuncs, *decider.helpers.names))

    @property
    def is_known(self) -> bool:
        """Return whether this kernel has the kfunc or the helper."""
        return load_row_of(self.kernel, self.kfunc) is not None

    @property
    def kind(self) -> str:
        """Return what is called: a kfunc, a helper, another function."""
        return self.answer.outcome.kind

    @property
    def flags(self) -> list[tuple[str, str]]:
        """Return the kfunc's flags with what they ask of a call."""
        return [(flag, describe_flag(flag)) for flag in flags_of(self.kernel, self.kfunc)]

    @cached_property
    def reasons(self) -> list[Reason]:
        """Return the reasons of the permission check, in the kernel's order."""
        return [item for item in self._all_reasons if not item.rule.startswith(_RUN_TIME)]

    @cached_property
    def run_time(self) -> list[Reason]:
        """Return the reasons of the run-time layer."""
        return [item for item in self._all_reasons if item.rule.startswith(_RUN_TIME)]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return what the kernel checks beside permission."""
        return self.answer.outcome.verdict.layers

    @property
    def _all_reasons(self) -> Iterable[Reason]:
        return self.answer.outcome.verdict.reasons


def answer_question(
    kernels: KernelMap, kernel_name: str, context_text: str, kfunc: str
) -> AnswerPage:
    """Answer, with the same cell on every other kernel. Raises QueryError for a bad context."""
    kernel = kernels.load(kernel_name)
    answer = ask(kernel.judge, context_text, kfunc)
    rows = RowsOnAll(kernels.rows[::-1])
    row = kernels.row(kernel_name)
    everywhere = rows.find_function(kfunc)
    return AnswerPage(
        kernel,
        answer,
        tuple(_find_elsewhere(rows, answer)),
        any(on.present for on in everywhere),
        declare(kernel, kfunc, everywhere),
        find_confirmation(kernel, row, answer.context, kfunc) if row.has_rules else None,
        find_call(row, answer.context, kfunc),
    )


def _find_elsewhere(rows: RowsOnAll, answer: Answer) -> Iterator[Elsewhere]:
    """Yield the cell on every kernel: as it is stored, else as some of the kernels answer it."""
    name, kfunc, left = answer.context_name, answer.kfunc, _MOST_ASKED
    words = rows.find_outcomes(answer.context, name, kfunc)
    for row, word in zip(rows.kernels, words, strict=True):
        if word is None and left:
            left -= 1
            word = _ask(load_row(row), name, kfunc)
        yield Elsewhere(row.name, word or "", question_url(row.name, name, kfunc))


def _ask(kernel: LoadedKernel, context_name: str, kfunc: str) -> str:
    try:
        return ask(kernel.judge, context_name, kfunc).outcome.outcome
    except QueryError:
        return NOT_ON_THIS_KERNEL
