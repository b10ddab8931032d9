"""What every renderer is given: objects with their programs, verdicts and problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    REFUSED,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
)
from verifier.engine.summary import ObjectSummary

FORMAT = 1
KIND_WORDS: Mapping[str, str] = {
    FindingKind.NOT_ALLOWED: "not allowed in this context",
    FindingKind.NOT_SLEEPABLE: "may sleep, and this context may not",
    FindingKind.REGION: "not allowed with the locks that are held there, or without RCU",
    FindingKind.MISSING: "the kernel has no such kfunc",
    FindingKind.PROTOTYPE: "the kernel's prototype differs",
    FindingKind.RUN_TIME: "loads, and fails when it is called",
    FindingKind.STRUCT_OPS: "does not fit the ops structure of the kernel",
    FindingKind.MALFORMED_KERNEL: "the kernel's own BTF is malformed",
    FindingKind.DEVICE_BOUND: "only for a program bound to a device",
    FindingKind.LOAD: "does not load, for another reason than a kfunc",
    FindingKind.DEAD: "dead code on this kernel",
    FindingKind.UNKNOWN: "cannot be decided",
    FindingKind.LEFT_OUT: "its loader does not load it on this kernel",
}


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A kernel on which the object could not be checked, and why."""

    kernel: str
    problem: str


@dataclass(frozen=True, slots=True)
class CheckedObject:
    """One input. `problem` says why it could not be read; then there is no summary."""

    file: str
    sha256: str
    summary: ObjectSummary | None
    verdicts: tuple[ObjectVerdict, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    problem: str = ""

    def rows(self) -> Iterator[tuple[str, ProgramVerdict]]:
        """Return (kernel, verdict of a program), kernel by kernel."""
        for verdict in self.verdicts:
            for program in verdict.programs:
                yield verdict.kernel, program

    def findings(self) -> Iterator[tuple[str, ProgramVerdict, Finding]]:
        """Return (kernel, verdict of the program, finding)."""
        for kernel, program in self.rows():
            for finding in program.findings:
                yield kernel, program, finding


def is_bad(obj: CheckedObject) -> bool:
    """Say whether something is refused or fails at run time."""
    return any(row.verdict in (REFUSED, FAILS_AT_RUN_TIME) for _, row in obj.rows())


def is_unread(obj: CheckedObject) -> bool:
    """Say whether the input could not be read or not be checked on some kernel."""
    return bool(obj.problem or obj.unchecked)


def subject(program: str, finding: Finding) -> str:
    """Return what a finding is about, in one line: the call path, else the kfunc or the program."""
    names = [*(step.function for step in finding.path), finding.kfunc]
    return " → ".join([name for name in names if name]) or program


def headline(program: str, finding: Finding) -> str:
    """Return a finding in one line: its subject, and what it says of it."""
    return f"{subject(program, finding)}: {KIND_WORDS[finding.kind]}"
