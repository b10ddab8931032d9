"""What every renderer is given: objects with their programs, verdicts and problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfmap.quick_dataclass import dataclass
from kfmap.reports.document import SignOff
from verifier.engine.origin import UNKNOWN_ORIGIN, Origin
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    REFUSED,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
)
from verifier.engine.summary import ObjectSummary
from verifier.opinions.compared import ComparedOpinion

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
# What to know of a kind of finding, for readers who meet it for the first time.
KIND_HELP: Mapping[str, str] = {
    FindingKind.NOT_ALLOWED: "The kernel decides by program type, attach target and struct_ops "
    "callback who may call a kfunc. Call it from one of the contexts that are named.",
    FindingKind.NOT_SLEEPABLE: "The call may sleep. It needs a sleepable program (a section with "
    ".s) where the kernel permits one, or a workqueue callback.",
    FindingKind.REGION: "Under a lock, with preemption or interrupts off, or in an RCU "
    "section only some calls are permitted, and a region must be closed before the program ends.",
    FindingKind.MISSING: "The kernel has no such kfunc. Declare it __weak and call it only behind "
    "bpf_ksym_exists(), or use the one that took its place.",
    FindingKind.PROTOTYPE: "libbpf compares the declaration with the kernel's own and refuses what "
    "does not fit.",
    FindingKind.RUN_TIME: "The program loads. When the call is made from this callback, the kernel "
    "ends the scheduler with an error.",
    FindingKind.STRUCT_OPS: "The ops structure of this kernel lacks the type or member, or does "
    "not take such a program.",
    FindingKind.MALFORMED_KERNEL: "This build of the kernel has damaged BTF: the fault is not in "
    "the object. A weak declaration behind bpf_ksym_exists() loads.",
    FindingKind.DEVICE_BOUND: "XDP metadata kfuncs are for programs that are bound to a device "
    "(BPF_F_XDP_DEV_BOUND_ONLY).",
    FindingKind.LOAD: "libbpf or the kernel refuses the program or the whole object, and no kfunc "
    "is the reason.",
    FindingKind.DEAD: "The verifier of this kernel does not walk the call.",
    FindingKind.UNKNOWN: "What decides is not in the facts of this kernel: the line says what.",
    FindingKind.LEFT_OUT: "The loader clears the struct_ops member, so the program is not loaded.",
}


@dataclass(frozen=True, slots=True)
class AskedKernel:
    """What the name of a kernel stands for, so that a reader can tell the same kernel again.

    `facts_sha256` is the hash of its facts, "" where it is not known; `agreement` says how the map
    agrees with what the booted kernel answered, "" where it was not asked; `estimate` how far off
    verdicts may be, where the kernel has the rules of another one.
    """

    name: str
    version: str
    facts_sha256: str
    agreement: str = ""
    estimate: str = ""


@dataclass(frozen=True, slots=True)
class Waived:
    """Somebody answers for a finding in a space until a day (ISO 8601), for a reason."""

    fingerprint: str
    finding: str
    reason: str
    owner: str
    until: str
    space: str


@dataclass(frozen=True, slots=True)
class HeldUnder:
    """What a policy of a space makes of an object: its worst effect, and what it is for."""

    file: str
    space: str
    policy: str
    version: int
    effect: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How a report is made.

    `everything`: every finding of every program, not only the causes. `deciding`: the kernels that
    decide whether an object is bad, all that were asked where empty. `source_root`: the folder that
    source files are named relative to, "" where none is known. `kernels`, `sign_offs`, `waivers`
    and `policies` are what is known beside the verdicts; `title` is the report's own, "" for one
    from the objects' names.
    """

    everything: bool = False
    deciding: tuple[str, ...] = ()
    source_root: str = ""
    kernels: tuple[AskedKernel, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    waivers: tuple[Waived, ...] = ()
    policies: tuple[HeldUnder, ...] = ()
    title: str = ""


DEFAULT = ReportOptions()


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A kernel on which the object could not be checked, and why."""

    kernel: str
    problem: str


@dataclass(frozen=True, slots=True)
class CheckedObject:
    """One input. `problem` says why it could not be read; then there is no summary.

    `opinions`: what booted kernels said of it, where they were asked. `origin`: which commit it
    was made of, where whoever uploaded it said so.
    """

    file: str
    sha256: str
    summary: ObjectSummary | None
    verdicts: tuple[ObjectVerdict, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    problem: str = ""
    opinions: tuple[ComparedOpinion, ...] = ()
    origin: Origin = UNKNOWN_ORIGIN

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


def is_bad(obj: CheckedObject, options: ReportOptions = DEFAULT) -> bool:
    """Return whether something is refused or fails at run time on a kernel that decides."""
    return any(
        row.verdict in (REFUSED, FAILS_AT_RUN_TIME)
        for kernel, row in obj.rows()
        if decides(kernel, options)
    )


def is_unread(obj: CheckedObject, options: ReportOptions = DEFAULT) -> bool:
    """Return whether the input could not be read, or not be checked on a kernel that decides."""
    return bool(obj.problem) or any(decides(item.kernel, options) for item in obj.unchecked)


def decides(kernel: str, options: ReportOptions) -> bool:
    """Return whether the verdicts of a kernel count for the exit code."""
    return not options.deciding or kernel in options.deciding


def subject(program: str, finding: Finding) -> str:
    """Return what a finding is about, in one line: the call path, else the kfunc or the program."""
    names = [*(step.function for step in finding.path), finding.kfunc]
    return " → ".join([name for name in names if name]) or program


def headline(program: str, finding: Finding) -> str:
    """Return a finding in one line: its subject, and what it says of it."""
    return f"{subject(program, finding)}: {KIND_WORDS[finding.kind]}"


def find_estimates(options: ReportOptions) -> dict[str, str]:
    """Return how far off the verdicts of a kernel may be, by name, for those with others' rules."""
    return {kernel.name: kernel.estimate for kernel in options.kernels if kernel.estimate}


def estimates_of(obj: CheckedObject, options: ReportOptions) -> list[str]:
    """Return a sentence for each kernel of an object's verdicts that has another one's rules."""
    asked = {verdict.kernel for verdict in obj.verdicts}
    return [
        f"the verdict for {name} is {said}."
        for name, said in find_estimates(options).items()
        if name in asked
    ]
