"""Which way an object that copes with several kernels takes on each: what is live on some alone.

Objects ask whether a kernel has something (bpf_ksym_exists(), CO-RE) and call one kfunc or another;
of programs that pass, this tells which of them a kernel runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kfmap.quick_dataclass import dataclass
from verifier.engine.result import PASSES, ObjectVerdict

_NAMED = 6


@dataclass(frozen=True, slots=True)
class Branch:
    """Kfuncs that are live on these kernels, newest first, and on no other that was asked."""

    kernels: tuple[str, ...]
    kfuncs: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return both in a few words."""
        rest = f" and {len(self.kfuncs) - _NAMED} more" if len(self.kfuncs) > _NAMED else ""
        return f"on {', '.join(self.kernels)}: {', '.join(self.kfuncs[:_NAMED])}{rest}"


def find_branches(verdicts: Sequence[ObjectVerdict]) -> tuple[Branch, ...]:
    """Return the branches of programs that pass, those of the newest kernels first.

    `verdicts` come oldest kernel first, as everywhere. What is live wherever a program that can
    reach it passes, or nowhere, is no branch.
    """
    live = {item.kernel: _live(item) for item in reversed(verdicts)}
    reachable = {item.kernel: _reachable(item) for item in verdicts}
    groups: dict[tuple[str, ...], list[str]] = {}
    for kfunc in sorted({name for names in reachable.values() for name in names}):
        asked = [kernel for kernel in live if kfunc in reachable[kernel]]
        taken = tuple(kernel for kernel in asked if kfunc in live[kernel])
        if taken and len(taken) < len(asked):
            groups.setdefault(taken, []).append(kfunc)
    order = list(live)
    found = [Branch(kernels, tuple(kfuncs)) for kernels, kfuncs in groups.items()]
    return tuple(sorted(found, key=lambda item: [order.index(name) for name in item.kernels]))


def _live(verdict: ObjectVerdict) -> set[str]:
    return _together(row.live_kfuncs for row in verdict.programs if row.verdict == PASSES)


def _reachable(verdict: ObjectVerdict) -> set[str]:
    return _together(row.all_kfuncs for row in verdict.programs if row.verdict == PASSES)


def _together(parts: Iterable[Iterable[str]]) -> set[str]:
    return {name for names in parts for name in names}
