"""The answer to "can this context call this kfunc", as a page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from kfmap.catalogue.questions import QueryError, ask
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.outcome import Outcome
from kfmap.permission.verdict import ALLOWED, Layer, Reason, Verdict
from kfmap.web.shared.cells import ABSENT_LETTER, TITLES, WORDS, load_cells, word_of
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.links import context_url, place_url, question_url
from kfmap.web.shared.not_found import find_near

_RUN_TIME = "run_time"


@dataclass(frozen=True, slots=True)
class Step:
    """A reason with the page of the line it names."""

    text: str
    place: str
    url: str
    rule: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same cell on another kernel."""

    kernel: str
    word: str
    url: str

    @property
    def title(self) -> str:
        """Return the word for people."""
        return TITLES[self.word]


@dataclass(frozen=True)
class Answer:
    """One cell of one kernel, with everything that is known of it."""

    kernel: LoadedKernel
    context: Context
    kfunc: str
    outcome: Outcome
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return the permission check alone."""
        return self.outcome.verdict

    @property
    def context_name(self) -> str:
        """Return the short name of the context."""
        return render_context(self.context)

    @property
    def word(self) -> str:
        """Return the verdict as one word: allowed, refused, fails, unknown."""
        return word_of(self.verdict)

    @property
    def title(self) -> str:
        """Return the verdict for people."""
        return TITLES[self.word]

    @property
    def url(self) -> str:
        """Return the address of this answer."""
        return question_url(self.kernel.name, self.context_name, self.kfunc)

    @property
    def context_url(self) -> str:
        """Return the page of the context."""
        return context_url(self.kernel.name, self.context)

    @property
    def is_kfunc(self) -> bool:
        """Say whether this kernel has the kfunc."""
        return self.kfunc in self.kernel.decider.kfuncs

    @property
    def blocked(self) -> bool:
        """Say whether permission is given and the call can still not load."""
        return self.verdict.verdict == ALLOWED and bool(self.verdict.blocked_by)

    @cached_property
    def reasons(self) -> list[Step]:
        """Return the reasons at load, in the kernel's order."""
        return self._steps(item for item in self.verdict.reasons if not _is_run_time(item))

    @cached_property
    def run_time(self) -> list[Step]:
        """Return the reasons of the run-time layer."""
        return self._steps(item for item in self.verdict.reasons if _is_run_time(item))

    @cached_property
    def layers(self) -> list[tuple[Layer, Step]]:
        """Return what the kernel checks beside permission."""
        steps = self._steps(layer.reason for layer in self.verdict.layers)
        return list(zip(self.verdict.layers, steps, strict=True))

    def _steps(self, reasons: Iterable[Reason]) -> list[Step]:
        return [
            Step(
                item.text,
                f"{item.file}:{item.line}" if item.file else "",
                place_url(self.kernel, item.file, item.line),
                item.rule,
            )
            for item in reasons
        ]


def answer_question(kernels: KernelMap, kernel_name: str, context_text: str, kfunc: str) -> Answer:
    """Answer, with the same cell on every other kernel. Raises QueryError for a bad context."""
    kernel = kernels.load(kernel_name)
    answered = ask(kernel.judge, context_text, kfunc)
    others = tuple(
        Elsewhere(
            other.name,
            word := _word_on(other, context_text, kfunc),
            question_url(other.name, context_text, kfunc) if word != "absent" else "",
        )
        for other in kernels.load_all()
    )
    return Answer(kernel, answered.context, kfunc, answered.outcome, others)


def _word_on(kernel: LoadedKernel, context_text: str, kfunc: str) -> str:
    cells = load_cells(kernel)
    if kfunc not in cells.rows:
        return "absent"
    letter = cells.cell(context_text, kfunc)
    if letter != ABSENT_LETTER:
        return WORDS[letter]
    try:
        return word_of(ask(kernel.judge, context_text, kfunc).outcome.verdict)
    except QueryError:
        return "absent"


def near_kfuncs(kernel: LoadedKernel, name: str) -> list[str]:
    """Return kfuncs of a kernel whose names come near."""
    return find_near(name, kernel.decider.kfuncs)


def _is_run_time(reason: Reason) -> bool:
    return reason.rule.startswith(_RUN_TIME)
