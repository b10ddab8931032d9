"""Builders for small checked objects, with names as hostile as an object may hold."""

from __future__ import annotations

from verifier.engine.object.model import StructOpsUse
from verifier.engine.reports import CheckedObject, Unchecked
from verifier.engine.result import (
    PASSES,
    REFUSED,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
    Reason,
    SourceLine,
    Step,
)
from verifier.engine.summary import CallSummary, ObjectSummary, ProgramSummary

HTML = "<script>alert(1)</script>"


def create_finding(
    kind: str = "not_allowed", kfunc: str = "toy_move", file: str = "src/toy.bpf.c"
) -> Finding:
    """Make a finding two functions deep."""
    source = SourceLine(file, 12, "toy_move(p);")
    path = (Step("toy_running", 7, None), Step("helper", 3, source))
    reason = Reason("filter", "toy_filter refuses", "kernel/filter.c", 74)
    return Finding(
        FindingKind(kind),
        kfunc,
        path,
        3,
        source,
        ("3: call toy_move",),
        (reason,),
        ("struct_ops:toy_ops.dispatch",),
        "call it from dispatch",
    )


def create_summary(*programs: str) -> ObjectSummary:
    """Make a summary of programs that each make one call."""
    call = CallSummary("toy_move", False, create_finding().path, 3, create_finding().source)
    return ObjectSummary(
        1000,
        "GPL",
        tuple(
            ProgramSummary(
                name,
                f"struct_ops/{name}",
                "BPF_PROG_TYPE_STRUCT_OPS",
                None,
                None,
                (StructOpsUse("toy_ops", "running", "toy_map"),),
                False,
                False,
                (call,),
            )
            for name in programs
        ),
        ("a note",),
    )


def create_verdict(kernel: str, program: str, *findings: Finding) -> ObjectVerdict:
    """Make the verdict on one program: refused if anything but dead code is found."""
    verdict = REFUSED if any(item.kind != "dead" for item in findings) else PASSES
    return ObjectVerdict(
        kernel, (ProgramVerdict(program, verdict, findings, ("toy_move",), ("toy_move",)),)
    )


def create_checked(program: str = "toy_running") -> CheckedObject:
    """Make an object that 6.18 takes, 7.2 refuses and 7.3 could not be asked."""
    return CheckedObject(
        file="toy.bpf.o",
        sha256="ab" * 32,
        summary=create_summary(program),
        verdicts=(
            create_verdict("6.18", program, create_finding("dead")),
            create_verdict("7.2", program, create_finding()),
        ),
        unchecked=(Unchecked("7.3", "Could not be checked: it took longer than 60 s."),),
    )


def create_unread() -> CheckedObject:
    """Make an input that is no object."""
    return CheckedObject("=broken.o", "", None, problem="not an ELF file")
