"""What becomes of an object on each kernel, in one line each: the answer before the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from kfmap.permission.name_list import list_names
from kfmap.quick_dataclass import dataclass
from verifier.engine.judging.compare import Span, find_object_span
from verifier.engine.reports.branches import Branch, find_branches
from verifier.engine.reports.causes import Cause, Causes, causes_on, find_causes
from verifier.engine.reports.model import CheckedObject, ReportOptions, Unchecked
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    LEFT_OUT,
    PASSES,
    REFUSED,
    UNKNOWN,
    FindingKind,
    ObjectVerdict,
)

UNCHECKED = "unchecked"
_FINE = "✓"
_WORST_FIRST = (REFUSED, FAILS_AT_RUN_TIME, UNKNOWN, PASSES, LEFT_OUT)
_NAMED = 3
_TOLD = 2  # causes without a kfunc, by what they say; more are counted
_KIND_COUNTS = {
    FindingKind.MALFORMED_KERNEL: (
        "kfunc with damaged BTF in this build",
        "kfuncs with damaged BTF in this build",
    ),
    FindingKind.MISSING: ("kfunc that it does not have", "kfuncs that it does not have"),
    FindingKind.PROTOTYPE: ("kfunc with another prototype", "kfuncs with another prototype"),
    FindingKind.NOT_ALLOWED: (
        "kfunc refused where it is called",
        "kfuncs refused where they are called",
    ),
    FindingKind.NOT_SLEEPABLE: (
        "call that may sleep where it may not",
        "calls that may sleep where they may not",
    ),
    FindingKind.REGION: (
        "call that a lock or region forbids",
        "calls that a lock or region forbids",
    ),
    FindingKind.RUN_TIME: (
        "kfunc that fails when it is called",
        "kfuncs that fail when they are called",
    ),
    FindingKind.DEVICE_BOUND: (
        "kfunc for device-bound programs",
        "kfuncs for device-bound programs",
    ),
    FindingKind.UNKNOWN: ("thing that cannot be known", "things that cannot be known"),
    FindingKind.STRUCT_OPS: ("problem with its ops structure", "problems with its ops structures"),
    FindingKind.LOAD: ("reason why it does not load", "reasons why it does not load"),
    FindingKind.LEFT_OUT: (
        "program that its loader leaves out",
        "programs that their loader leaves out",
    ),
}


@dataclass(frozen=True, slots=True)
class KernelAnswer:
    """One kernel: the worst verdict of the object's programs there, and its cause in a few words.

    `passing` of `loaded` programs pass; `left_out` more are not loaded. `cause` is "" where nothing
    is to be said.
    """

    kernel: str
    verdict: str
    cause: str
    passing: int
    loaded: int
    left_out: int

    @property
    def mark(self) -> str:
        """Return "✓" for a kernel on which everything that is loaded passes, else ""."""
        if self.verdict != PASSES:
            return ""
        if not self.left_out:
            return _FINE
        return f"{_FINE} ({count(self.left_out, 'program', 'programs')} left out by the loader)"


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer, newest kernel first, with the causes behind it.

    `span` are the oldest and newest kernel on which nothing is refused; `branches` what is live on
    some kernels alone.
    """

    kernels: tuple[KernelAnswer, ...]
    causes: Causes
    span: Span
    branches: tuple[Branch, ...] = ()

    @property
    def line(self) -> str:
        """Return one line, such as "7.3 ✓ · 7.2, 7.1: …": neighbours that agree share a part."""
        return " · ".join(_group(said, kernels) for kernels, said in self.groups)

    @property
    def groups(self) -> list[tuple[list[str], str]]:
        """Return (kernels, what is said of them), neighbours that agree together."""
        groups: list[tuple[list[str], str]] = []
        for item in self.kernels:
            said = item.mark or item.cause or item.verdict
            if groups and groups[-1][1] == said:
                groups[-1][0].append(item.kernel)
            else:
                groups.append(([item.kernel], said))
        return groups


def build_answer(obj: CheckedObject) -> Answer:
    """Return the answer for an object that could be read."""
    causes = find_causes(obj)
    answers = [_answer(verdict, causes) for verdict in reversed(obj.verdicts)]
    answers += [_unchecked(item) for item in obj.unchecked]
    span = find_object_span(obj.verdicts, [item.kernel for item in obj.unchecked])
    return Answer(tuple(answers), causes, span, find_branches(obj.verdicts))


def say_span(answer: Answer, options: ReportOptions) -> str:
    """Return on which of the kernels that were asked nothing is refused, and which of them decide.

    Of one kernel its answer says all: "".
    """
    number = len(answer.kernels)
    if number < 2:
        return ""
    deciding = options.deciding
    if not deciding or len(deciding) == number:
        who = "Each decides"
    else:
        who = f"{list_names(deciding)} {'alone decides' if len(deciding) == 1 else 'decide'}"
    return f"Of {number} kernels asked, {answer.span.words}. {who} whether the object fails."


def _unchecked(item: Unchecked) -> KernelAnswer:
    return KernelAnswer(item.kernel, UNCHECKED, item.problem, passing=0, loaded=0, left_out=0)


def count(number: int, one: str, many: str) -> str:
    """Return "1 program", "2 programs": a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def _answer(verdict: ObjectVerdict, causes: Causes) -> KernelAnswer:
    words = [row.verdict for row in verdict.programs]
    left_out = words.count(LEFT_OUT)
    worst = min(words, key=_WORST_FIRST.index, default=PASSES)
    return KernelAnswer(
        verdict.kernel,
        worst,
        "" if worst == PASSES else describe_causes(causes_on(causes.shown, verdict.kernel)),
        words.count(PASSES),
        len(words) - left_out,
        left_out,
    )


def describe_causes(causes: Sequence[Cause]) -> str:
    """Return the causes of one kernel in a few words, those of its gravest kind first."""
    by_kind: dict[FindingKind, list[Cause]] = {}
    for cause in causes:
        by_kind.setdefault(cause.kind, []).append(cause)
    return "; ".join(_describe_kind(kind, items) for kind, items in by_kind.items())


def _describe_kind(kind: FindingKind, causes: Sequence[Cause]) -> str:
    kfuncs = list(dict.fromkeys(cause.kfunc for cause in causes if cause.kfunc))
    others = [cause for cause in causes if not cause.kfunc]
    parts = []
    if kfuncs:
        more = len(kfuncs) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        named = f"{', '.join(kfuncs[:_NAMED])}{rest}"
        parts.append(f"{count(len(kfuncs), *_KIND_COUNTS[kind])} ({named})")
    if len(others) > _TOLD:
        parts.append(count(len(others), *_KIND_COUNTS[kind]))
    else:
        parts += dict.fromkeys(map(_head, others))
    return "; ".join(parts)


def _head(cause: Cause) -> str:
    return cause.text.removeprefix("this kernel has ").partition(": ")[0]


def _group(said: str, kernels: Sequence[str]) -> str:
    names = ", ".join(kernels)
    return f"{names} {said}" if said.startswith(_FINE) else f"{names}: {said}"
