"""Verdicts of several kernels side by side: where an object works, what changes between two."""

from __future__ import annotations

from collections.abc import Sequence

from kfmap.quick_dataclass import dataclass
from verifier.engine.result import LEFT_OUT, PASSES, REFUSED, ObjectVerdict, ProgramVerdict


@dataclass(frozen=True, slots=True)
class Span:
    """The kernels on which an object loads: first and last by the order given, and those between
    them on which it does not. `first` is None if it loads on none."""

    first: str | None
    last: str | None
    not_between: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return where the object loads, without a full stop."""
        if self.first is None:
            return "every kernel refuses something"
        if self.first == self.last:
            return f"only {self.first} refuses nothing"
        without = f", except on {', '.join(self.not_between)}" if self.not_between else ""
        return f"nothing is refused from {self.first} to {self.last}{without}"


@dataclass(frozen=True, slots=True)
class Change:
    """A program whose verdict or live kfuncs differ between two kernels."""

    program: str
    before: str
    after: str
    appeared: tuple[tuple[str, str], ...]  # findings (kind, kfunc) that only the second has
    gone: tuple[tuple[str, str], ...]
    live_only_after: tuple[str, ...]
    live_only_before: tuple[str, ...]


def loads(verdict: ObjectVerdict) -> bool:
    """Return whether no program is refused."""
    return all(program.verdict != REFUSED for program in verdict.programs)


def works(verdict: ObjectVerdict) -> bool:
    """Return whether every program that is loaded passes, at run time as well."""
    return all(program.verdict in (PASSES, LEFT_OUT) for program in verdict.programs)


def find_span(loading: Sequence[tuple[str, bool]]) -> Span:
    """Find minimum and maximum kernel of those given in their order, each with whether it loads.

    A kernel that is named after another one of them is no release of its own: 7.3-rt beside 7.3,
    6.12.118 beside 6.12. It counts where no release loads the object.
    """
    names = [kernel for kernel, _ in loading]
    releases = [item for item in loading if not _is_named_after(item[0], names)]
    loading = releases if any(loads for _, loads in releases) else loading
    good = [index for index, (_, loads) in enumerate(loading) if loads]
    if not good:
        return Span(None, None, ())
    within = loading[good[0] : good[-1] + 1]
    bad = tuple(kernel for kernel, loads in within if not loads)
    return Span(within[0][0], within[-1][0], bad)


def _is_named_after(name: str, others: Sequence[str]) -> bool:
    return any(name.startswith((f"{other}-", f"{other}.")) for other in others)


def find_changes(before: ObjectVerdict, after: ObjectVerdict) -> tuple[Change, ...]:
    """Return the programs that fare differently on the second kernel."""
    later = {program.program: program for program in after.programs}
    changes = [
        _compare(program, later[program.program])
        for program in before.programs
        if program.program in later
    ]
    return tuple(change for change in changes if _is_change(change))


def _compare(before: ProgramVerdict, after: ProgramVerdict) -> Change:
    had, has = _kinds(before), _kinds(after)
    live_before, live_after = set(before.live_kfuncs), set(after.live_kfuncs)
    return Change(
        before.program,
        before.verdict,
        after.verdict,
        tuple(sorted(has - had)),
        tuple(sorted(had - has)),
        tuple(sorted(live_after - live_before)),
        tuple(sorted(live_before - live_after)),
    )


def _kinds(verdict: ProgramVerdict) -> set[tuple[str, str]]:
    return {(finding.kind, finding.kfunc) for finding in verdict.findings}


def _is_change(change: Change) -> bool:
    return (
        change.before != change.after
        or bool(change.appeared or change.gone)
        or bool(change.live_only_after or change.live_only_before)
    )
