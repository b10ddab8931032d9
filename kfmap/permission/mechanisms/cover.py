"""The fewest sets that cover everything: reductions, greedy choice, branch and bound with a budget.

Elements and candidates are numbered; a candidate is a bitset of elements. The same input always
gives the same answer: the budget counts steps, not seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kfmap.permission.bits import each_bit

BUDGET = 150


@dataclass(frozen=True, slots=True)
class Cover:
    """Candidates that cover all elements, by number. No cover is smaller than `lower`."""

    chosen: tuple[int, ...]
    lower: int
    greedy: int

    @property
    def is_exact(self) -> bool:
        """Return whether no smaller cover exists."""
        return len(self.chosen) == self.lower


def find_cover(candidates: Sequence[int], elements: int, budget: int = BUDGET) -> Cover:
    """Cover the bitset `elements` by as few candidates as the budget allows to find."""
    first = choose_greedily(candidates, elements)
    search = _Search(candidates, budget)
    search.best = search.improve(elements, first)
    search.run(elements, (), set(range(len(candidates))))
    best = tuple(sorted(search.best))
    lower = len(best) if search.budget > 0 else search.root_bound
    return Cover(best, min(lower, len(best)), len(first))


def choose_greedily(candidates: Sequence[int], elements: int) -> tuple[int, ...]:
    """Take the candidate with most uncovered elements until all are covered.

    Raises ValueError where an element is in no candidate.
    """
    chosen: list[int] = []
    while elements:
        best = max(range(len(candidates)), key=lambda n: (candidates[n] & elements).bit_count())
        if not candidates[best] & elements:
            raise ValueError("the candidates do not cover every element")
        chosen.append(best)
        elements &= ~candidates[best]
    return tuple(chosen)


class _Search:
    """Depth-first search; `best` only gets smaller. Owners of an element are candidate bits."""

    def __init__(self, candidates: Sequence[int], budget: int) -> None:
        self.candidates = candidates
        self.budget = budget
        self.best: tuple[int, ...] = ()
        self.root_bound = 0

    def run(self, elements: int, chosen: tuple[int, ...], alive: set[int]) -> None:
        """Try to finish `chosen` with fewer candidates than the best found so far."""
        self.budget -= 1
        forced, alive, owners = self._reduce(elements, alive)
        chosen += forced
        if len(chosen) >= len(self.best):
            return
        if not owners:
            self.best = chosen
            return
        bound = len(chosen) + _count_independent(owners)
        self.root_bound = self.root_bound or bound
        if bound >= len(self.best) or self.budget <= 0:
            return
        left = sum(1 << element for element in owners)
        rarest = min(owners, key=lambda element: (owners[element].bit_count(), element))
        for way in sorted(each_bit(owners[rarest]), key=lambda n: self._worth(n, left)):
            # Later branches need not try a candidate that an earlier one has taken.
            alive = alive - {way}
            self.run(left & ~self.candidates[way], (*chosen, way), alive)
            if self.budget <= 0:
                return

    def improve(self, elements: int, cover: tuple[int, ...]) -> tuple[int, ...]:
        """Take part of a cover back and complete it otherwise, keeping what is no larger."""
        forced, alive, owners = self._reduce(elements, set(range(len(self.candidates))))
        left = sum(1 << element for element in owners)
        pool = sorted(alive)
        best = [*forced, *_complete(self.candidates, pool, left, [], 0)] if owners else [*forced]
        current = best[len(forced) :]
        for turn in range(self.budget if owners else 0):
            kept = [n for place, n in enumerate(current) if _shuffle(place, turn) % 3]
            found = _complete(self.candidates, pool, left, kept, turn)
            if len(found) <= len(current):
                current = found
        best = [*forced, *current]
        return tuple(best) if len(best) < len(cover) else cover

    def _worth(self, candidate: int, elements: int) -> tuple[int, int]:
        return -(self.candidates[candidate] & elements).bit_count(), candidate

    def _reduce(
        self, elements: int, alive: set[int]
    ) -> tuple[tuple[int, ...], set[int], dict[int, int]]:
        """Drop what is dominated and take what only one candidate covers, until nothing changes.

        Gives the candidates taken, those left, and the owners of the elements left.
        """
        forced: list[int] = []
        while True:
            owners = _keep_hardest(self._owners(elements, alive))
            left = sum(1 << element for element in owners)
            fewer = self._drop_dominated(left, alive)
            single = {own.bit_length() - 1 for own in owners.values() if own.bit_count() == 1}
            if not single and len(fewer) == len(alive) and left == elements:
                return tuple(forced), alive, owners
            for candidate in sorted(single):
                forced.append(candidate)
                left &= ~self.candidates[candidate]
            elements, alive = left, fewer - single

    def _drop_dominated(self, elements: int, alive: set[int]) -> set[int]:
        """Keep of the candidates only those that no other one covers."""
        parts: dict[int, int] = {}
        for candidate in sorted(alive):
            parts.setdefault(self.candidates[candidate] & elements, candidate)
        parts.pop(0, None)
        spread = {part: tuple(each_bit(part)) for part in parts}
        counts = Counter(element for own in spread.values() for element in own)
        order = {element: place for place, (element, _) in enumerate(counts.most_common()[::-1])}
        kept: dict[int, list[int]] = {element: [] for element in counts}
        largest = []
        for part in sorted(parts, key=lambda bits: (-bits.bit_count(), bits)):
            # What covers this part covers its rarest element too.
            for other in kept[min(spread[part], key=order.__getitem__)]:
                if part & other == part:
                    break
            else:
                largest.append(part)
                for element in spread[part]:
                    kept[element].append(part)
        return {parts[part] for part in largest}

    def _owners(self, elements: int, alive: set[int]) -> dict[int, int]:
        owners = dict.fromkeys(each_bit(elements), 0)
        for candidate in alive:
            for element in each_bit(self.candidates[candidate] & elements):
                owners[element] |= 1 << candidate
        return owners


def _complete(
    candidates: Sequence[int], pool: Sequence[int], elements: int, kept: Sequence[int], turn: int
) -> list[int]:
    """Complete a cover greedily, ties broken by the turn, and drop what has become superfluous."""
    chosen = list(kept)
    left = elements
    for number in chosen:
        left &= ~candidates[number]
    while left:
        best = max(pool, key=lambda n: ((candidates[n] & left).bit_count(), _shuffle(n, turn)))
        chosen.append(best)
        left &= ~candidates[best]
    for number in list(chosen):
        others = 0
        for other in chosen:
            others |= candidates[other] if other != number else 0
        if not elements & ~others:
            chosen.remove(number)
    return chosen


def _shuffle(number: int, turn: int) -> int:
    """Return a number that looks random and is the same in every run."""
    return (number * 7919 + turn * 104_729 + number * turn * 31) % 10_007


def _keep_hardest(owners: dict[int, int]) -> dict[int, int]:
    """Drop elements that any cover of the others covers too."""
    kept: dict[int, int] = {}
    for element in sorted(owners, key=lambda element: (owners[element].bit_count(), element)):
        own = owners[element]
        if not any(other & own == other for other in kept.values()):
            kept[element] = own
    return kept


def _count_independent(owners: dict[int, int]) -> int:
    """Count elements no two of which one candidate covers: each needs a candidate of its own."""
    conflicts = {
        element: {other for other, theirs in owners.items() if own & theirs}
        for element, own in owners.items()
    }
    count = 0
    left = set(owners)
    while left:
        easiest = min(left, key=lambda element: (len(conflicts[element] & left), element))
        count += 1
        left -= conflicts[easiest]
        left.discard(easiest)
    return count
