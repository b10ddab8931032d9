"""Two versions of an object on one kernel: what loads now, and what verifying it costs."""

from __future__ import annotations

from collections.abc import Iterable

from kfmap.quick_dataclass import dataclass
from verifier.opinions.opinion import WORDS, KernelOpinion, ProgramOpinion


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """A program in both versions, or in one: None in the other."""

    program: str
    before: ProgramOpinion | None
    after: ProgramOpinion | None

    @property
    def words(self) -> tuple[str, str]:
        """Return what the kernel said before and says now, for people."""
        before, after = (WORDS[item.word] if item else "not there" for item in self._both)
        return before, after

    @property
    def instructions(self) -> int | None:
        """Return how many more instructions are verified, None where that is not known."""
        return _grown(self.before, self.after, "instructions")

    @property
    def states(self) -> int | None:
        """Return how many more states are kept at most, None where that is not known."""
        return _grown(self.before, self.after, "peak_states")

    @property
    def _both(self) -> tuple[ProgramOpinion | None, ProgramOpinion | None]:
        return self.before, self.after


@dataclass(frozen=True, slots=True)
class VersionChange:
    """All programs on one kernel."""

    kernel: str
    programs: tuple[ProgramChange, ...]


def compare_versions(
    before: Iterable[KernelOpinion], after: Iterable[KernelOpinion]
) -> list[VersionChange]:
    """Return what changed on each kernel that was asked about both, in the order of `after`."""
    earlier = {opinion.kernel: opinion for opinion in before}
    return [
        VersionChange(opinion.kernel, _compare(earlier[opinion.kernel], opinion))
        for opinion in after
        if opinion.kernel in earlier
    ]


def _compare(before: KernelOpinion, after: KernelOpinion) -> tuple[ProgramChange, ...]:
    old, new = before.by_name(), after.by_name()
    names = [*new, *(name for name in old if name not in new)]
    return tuple(ProgramChange(name, old.get(name), new.get(name)) for name in names)


def _grown(before: ProgramOpinion | None, after: ProgramOpinion | None, what: str) -> int | None:
    old, now = (getattr(item, what) if item else None for item in (before, after))
    return None if old is None or now is None else int(now - old)
