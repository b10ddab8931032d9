"""Verdicts of several kernels side by side: where an object works, what changes between two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kfmap.quick_dataclass import dataclass, replace
from verifier.engine.result import REFUSED, UNKNOWN, ObjectVerdict, ProgramVerdict


@dataclass(frozen=True, slots=True)
class Span:
    """The kernels on which an object is known to load: first and last by the order given, and those
    between them on which it is not. `first` is None if it is known of none.

    `not_known`: those of which it is not known, between them or not. `of_releases`: only releases
    count, and others that load it may stand beside them.
    """

    first: str | None
    last: str | None
    not_between: tuple[str, ...]
    not_known: tuple[str, ...] = ()
    of_releases: bool = True

    @property
    def words(self) -> str:
        """Return where the object loads, without a full stop."""
        if self.first is None:
            if self.not_known:
                return "none is known to load all programs"
            return "each refuses something"
        if self.first == self.last:
            refuses = "is known to refuse" if self.not_known else "refuses"
            what = "release" if self.of_releases else "kernel"
            return f"{self.first} is the only {what} that {refuses} nothing"
        refusing = [name for name in self.not_between if name not in self.not_known]
        unknown = [name for name in self.not_between if name in self.not_known]
        without = f", except on {', '.join(refusing)}" if refusing else ""
        unsure = f"; it is not known of {', '.join(unknown)}" if unknown else ""
        return f"nothing is refused from {self.first} to {self.last}{without}{unsure}"


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


def loads(verdicts: Iterable[str]) -> bool | None:
    """Return whether no program is refused, by their verdicts; None where it is not known."""
    words = set(verdicts)
    return False if REFUSED in words else None if UNKNOWN in words else True


def find_object_span(verdicts: Sequence[ObjectVerdict], unchecked: Iterable[str]) -> Span:
    """Find minimum and maximum kernel of an object; of the `unchecked` ones nothing is known."""
    span = find_span(
        [(item.kernel, loads(program.verdict for program in item.programs)) for item in verdicts]
    )
    return replace(span, not_known=(*span.not_known, *unchecked))


def find_span(loading: Sequence[tuple[str, bool | None]]) -> Span:
    """Find minimum and maximum kernel of those given in their order, each with what `loads` says.

    A kernel that is named after another one of them is no release of its own: 7.3-rt beside 7.3,
    6.12.118 beside 6.12. It counts where no release loads the object.
    """
    names = [kernel for kernel, _ in loading]
    releases = [item for item in loading if not is_named_after(item[0], names)]
    of_releases = any(loads for _, loads in releases)
    loading = releases if of_releases else loading
    good = [index for index, (_, loads) in enumerate(loading) if loads]
    unknown = tuple(kernel for kernel, loads in loading if loads is None)
    if not good:
        return Span(None, None, (), unknown)
    within = loading[good[0] : good[-1] + 1]
    bad = tuple(kernel for kernel, loads in within if not loads)
    return Span(within[0][0], within[-1][0], bad, unknown, of_releases)


def is_named_after(name: str, others: Iterable[str]) -> bool:
    """Return whether a kernel is another build of one of the others: 7.3-rt of 7.3."""
    return any(name.startswith((f"{other}-", f"{other}.")) for other in others)


def find_changes(before: ObjectVerdict, after: ObjectVerdict) -> tuple[Change, ...]:
    """Return the programs that fare differently on the second kernel."""
    later = {program.program: program for program in after.programs}
    changes = [
        _compare(program, later[program.program])
        for program in before.programs
        if later.get(program.program, program) is not program  # kernels share verdicts
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
