"""Set the answers of a kernel beside what its facts say, cell by cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.bits import LETTERS, UNKNOWN_LETTER
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.observed import read_observed
from kfmap.probe.evidence import Answers, Evidence


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell where the kernel's letter is not the map's; `ours` is "?" where the map is unsure."""

    context: Context
    kfunc: str
    kernel: str
    ours: str

    @property
    def where(self) -> str:
        """Return the context for people."""
        return render_context(self.context)

    @property
    def kernel_word(self) -> str:
        """Return what the kernel said, in a word."""
        return LETTERS[self.kernel]

    @property
    def our_word(self) -> str:
        """Return what the map says, in a word."""
        return LETTERS[self.ours]

    def __str__(self) -> str:
        said = f"the kernel says {self.kernel_word}, the map {self.our_word}"
        return f"{self.kfunc} in {self.where}: {said}"


@dataclass(frozen=True)
class Comparison:
    """What came of it: `compared` cells that the kernel decided, of them `differences`.

    `undetermined` counts the cells in which the kernel did not come to its permission check,
    `strangers` kfuncs that only the evidence has, `unloadable` the contexts, by the kernel's words,
    that accept no program at all.
    """

    compared: int
    differences: tuple[Difference, ...]
    undetermined: int
    strangers: tuple[str, ...]
    unloadable: tuple[tuple[str, str], ...]

    @property
    def equal(self) -> int:
        """Return how many cells agree."""
        return self.compared - len(self.differences)

    @cached_property
    def by_context(self) -> list[tuple[str, int]]:
        """Return (context, differing cells), most first."""
        counts = Counter(item.context for item in self.differences)
        return [(render_context(context), count) for context, count in counts.most_common()]


def compare_evidence(facts: KernelFacts, evidence: Evidence) -> Comparison:
    """Compare every determined cell of kfuncs and contexts with what the facts decide.

    A kfunc that the facts do not have counts as refused by the map, like one in no set: the kernel
    must refuse it too.
    """
    decider = Decider(facts)
    places = {name: place for place, name in enumerate(decider.kfuncs)}
    differences: list[Difference] = []
    compared = undetermined = 0
    for answers in evidence.answers:
        undetermined += answers.context.verdicts.count(UNKNOWN_LETTER)
        asked = read_observed(answers.context)
        for name, kernel, ours in _pairs(decider, places, evidence, answers):
            compared += 1
            if kernel != ours:
                differences.append(Difference(asked, name, kernel, ours))
    known = set(decider.kfuncs)
    return Comparison(
        compared,
        tuple(differences),
        undetermined,
        tuple(name for name in evidence.kfuncs if name not in known),
        tuple(_unloadable(evidence)),
    )


def _pairs(
    decider: Decider, places: dict[str, int], evidence: Evidence, answers: Answers
) -> list[tuple[str, str, str]]:
    context = replace(read_observed(answers.context), sleepable=False)
    bits = decider.bits(context)
    pairs = []
    for name, letter in zip(evidence.kfuncs, answers.context.verdicts, strict=True):
        if letter != UNKNOWN_LETTER:
            place = places.get(name)
            pairs.append((name, letter, "D" if place is None else bits.letter(place)))
    return pairs


def _unloadable(evidence: Evidence) -> list[tuple[str, str]]:
    return [
        (render_context(read_observed(answers.context)), answers.message)
        for answers in evidence.answers
        if not answers.loads
    ]
