"""What booted kernels answered (truth/README.md), as contexts and letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider

_FOLDER = Path(__file__).parent / "truth"
UNDETERMINED = "?"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers in one context: a letter for each kfunc; `message` where it does not load."""

    context: Context
    letters: str
    message: str


@dataclass(frozen=True, slots=True)
class Truth:
    """The answers of one kernel; `undetermined` says of a kfunc why no context told."""

    kernel: str
    kfuncs: tuple[str, ...]
    answers: tuple[Answers, ...]
    undetermined: dict[str, str]

    def determined_cells(self) -> Iterator[tuple[Context, str, str]]:
        """Return (context, kfunc, A or D)."""
        for answers in self.answers:
            for kfunc, letter in zip(self.kfuncs, answers.letters, strict=True):
                if letter != UNDETERMINED:
                    yield answers.context, kfunc, letter


@cache
def read_truth(kernel: str) -> Truth:
    """Read the answers of a kernel by its name in the map."""
    given = json.loads((_FOLDER / f"linux-{kernel}.json").read_text())
    answers = tuple(
        Answers(_read_context(item), item["verdicts"], item.get("message", ""))
        for item in given["contexts"]
    )
    return Truth(kernel, tuple(given["kfuncs"]), answers, given["undetermined"])


def _read_context(given: dict[str, str | bool | None]) -> Context:
    fields = ("program_type", "attach_type", "target", "struct_ops", "member", "sleepable")
    return Context(**{field: given[field] for field in fields if field in given})  # type: ignore[arg-type]


@cache
def read_bundled(kernel: str) -> KernelFacts:
    """Read the bundled facts of a kernel."""
    return next(item.read_facts() for item in find_bundled() if item.name == kernel)


def count_letters(truth: Truth, facts: KernelFacts) -> tuple[int, list[str]]:
    """Decide every determined cell; give their number and those decided otherwise."""
    decider = Decider(facts)
    bit = {name: index for index, name in enumerate(decider.kfuncs)}
    decided = {answers.context: decider.bits(answers.context) for answers in truth.answers}
    count, wrong = 0, []
    for context, kfunc, letter in truth.determined_cells():
        allowed, possible = decided[context]
        at = bit.get(kfunc)
        ours = "D" if at is None or not possible >> at & 1 else "A" if allowed >> at & 1 else "?"
        count += 1
        if ours != letter:
            wrong.append(f"{kfunc} in {context}: the kernel says {letter}, the map {ours}")
    return count, wrong
