"""Verdicts on objects: the words that `verify`, the jobs, the pages and the reports share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from kfmap.permission.verdict import Reason as Reason
from kfmap.quick_dataclass import dataclass

PASSES = "passes"
REFUSED = "refused"
FAILS_AT_RUN_TIME = "fails_at_run_time"
UNKNOWN = "unknown"
LEFT_OUT = "left_out"  # its loader does not load it on this kernel: neither good nor bad


# What people read for a verdict.
WORDS = {
    PASSES: "passes",
    REFUSED: "refused",
    FAILS_AT_RUN_TIME: "fails at run time",
    UNKNOWN: "unknown",
    LEFT_OUT: "left out by its loader",
}


class FindingKind(StrEnum):
    """What a finding says. LOAD: the object or program does not load, and no kfunc is the reason.
    LEFT_OUT: the loader clears the struct_ops member that the program is for."""

    NOT_ALLOWED = "not_allowed"
    NOT_SLEEPABLE = "not_sleepable"
    REGION = "region"
    MISSING = "missing"
    PROTOTYPE = "prototype"
    RUN_TIME = "run_time"
    STRUCT_OPS = "struct_ops"
    MALFORMED_KERNEL = "malformed_kernel"
    DEVICE_BOUND = "device_bound"
    LOAD = "load"
    DEAD = "dead"
    UNKNOWN = "unknown"
    LEFT_OUT = "left_out"


FINDING_KINDS = tuple(FindingKind)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the program's own source, from .BTF.ext."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One function on a call path, and the slot (in its section) of the call that leads on."""

    function: str
    instruction: int | None
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing said of one program on one kernel.

    `instruction` is a slot in the section of the last step's function. `legal_in`: contexts of this
    kernel where the kfunc may be called, in short; `suggestion`: what to do instead, "" if none.
    """

    kind: FindingKind
    kfunc: str
    path: tuple[Step, ...]
    instruction: int | None
    source: SourceLine | None
    disassembly: tuple[str, ...]
    reasons: tuple[Reason, ...]
    legal_in: tuple[str, ...] = ()
    suggestion: str = ""


def find_word(kinds: Iterable[str]) -> str:
    """Return the verdict that findings of these kinds make together."""
    deciding = set(kinds)
    if not deciding:
        return PASSES
    deciding.discard(FindingKind.DEAD)
    if deciding - {FindingKind.RUN_TIME, FindingKind.UNKNOWN, FindingKind.LEFT_OUT}:
        return REFUSED
    if FindingKind.LEFT_OUT in deciding:
        return LEFT_OUT
    if FindingKind.UNKNOWN in deciding:
        return UNKNOWN
    return FAILS_AT_RUN_TIME if deciding else PASSES


@dataclass(frozen=True, slots=True)
class ProgramVerdict:
    """The verdict for one program on one kernel (PASSES, REFUSED, ...), with its findings.

    `live_kfuncs` are called in code this kernel's verifier walks; `all_kfuncs` are whatever the
    program could reach.
    """

    program: str
    verdict: str
    findings: tuple[Finding, ...]
    live_kfuncs: tuple[str, ...]
    all_kfuncs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectVerdict:
    """All programs of one object on one kernel."""

    kernel: str
    programs: tuple[ProgramVerdict, ...]
