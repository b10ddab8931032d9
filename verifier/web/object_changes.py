"""What the page of an object says across kernels: where it loads, what changes between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from verifier.engine.judging.compare import (
    Change,
    Span,
    find_changes,
    find_span,
    is_named_after,
    loads,
)
from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import WORDS, ObjectVerdict
from verifier.records.store import Checked


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A program that fares differently on the second kernel."""

    change: Change

    @property
    def before(self) -> str:
        """Return the first verdict for people."""
        return WORDS[self.change.before]

    @property
    def after(self) -> str:
        """Return the second verdict for people."""
        return WORDS[self.change.after]

    @property
    def notes(self) -> list[str]:
        """Return what came and what went."""
        change = self.change
        appeared = [f"new: {_words(*item)}" for item in change.appeared]
        gone = [f"gone: {_words(*item)}" for item in change.gone]
        live = [f"now live: {name}" for name in change.live_only_after]
        dead = [f"no longer live: {name}" for name in change.live_only_before]
        return appeared + gone + live + dead


@dataclass(frozen=True, slots=True)
class AcrossKernels:
    """`span` is over released kernels; `before` and `after` are the two that are compared.

    `not_checked` are kernels that were asked for and have no verdicts of the object.
    """

    span: Span
    kernels: list[Kernel]
    before: Kernel | None
    after: Kernel | None
    changes: list[ShownChange]
    not_checked: list[str]


def build_across(
    kernels: Sequence[Kernel], checks: Mapping[str, Checked], before: str, after: str
) -> AcrossKernels:
    """Compare two kernels by name; one that is not asked for is of the newest two releases.

    `kernels` are newest first.
    """
    asked = [
        (kernel, check)
        for kernel in kernels
        if (check := checks.get(kernel.facts_hash)) and not check.problem
    ]
    span = find_span(
        [
            (kernel.name, loads(row.verdict for row in check.programs))
            for kernel, check in reversed(asked)
            if kernel.is_release
        ]
    )
    by_name = {kernel.name: (kernel, check) for kernel, check in asked}
    usual = _newest_two([kernel.name for kernel, _ in asked if kernel.released])
    names = [before or usual[0], after or usual[1]] if len(usual) > 1 else [before, after]
    not_checked = [name for name in (before, after) if name and name not in by_name]
    chosen = [by_name[name] for name in names if name in by_name]
    if len(chosen) < 2:
        return AcrossKernels(span, [kernel for kernel, _ in asked], None, None, [], not_checked)
    (older, _), (newer, _) = chosen
    changes = find_changes(
        *(ObjectVerdict(kernel.name, check.programs) for kernel, check in chosen)
    )
    shown = [ShownChange(change) for change in changes]
    return AcrossKernels(span, [kernel for kernel, _ in asked], older, newer, shown, [])


def _newest_two(names: list[str]) -> list[str]:
    """Return the newest two of different releases, as long as there are two, the older first."""
    releases = [name for name in names if not is_named_after(name, names)]
    return (releases if len(releases) > 1 else names)[1::-1]


def _words(kind: str, kfunc: str) -> str:
    return f"{kfunc}: {KIND_WORDS[kind]}" if kfunc else KIND_WORDS[kind]
