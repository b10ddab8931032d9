"""What the page of an object shows: the verdict grid, findings that kernels share, calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kfmap.catalogue.models import Kernel
from verifier.models import BpfObject, Call, Check, Program, Verdict
from verifier.reports.model import KIND_WORDS
from verifier.result import FAILS_AT_RUN_TIME, PASSES, REFUSED, UNKNOWN, Finding
from verifier.result_json import parse_finding
from verifier.store import load_checks

UNCHECKED, WAITING = "unchecked", "waiting"
_WORST_FIRST = (REFUSED, FAILS_AT_RUN_TIME, UNKNOWN, PASSES)
_WORDS = {word.value: word.label for word in Verdict.Word} | {
    UNCHECKED: "could not be checked",
    WAITING: "not checked yet",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One program on one kernel; `anchor` is that of the finding that decides."""

    kernel: str
    verdict: str
    anchor: str = ""
    problem: str = ""

    @property
    def word(self) -> str:
        """Give the verdict for people."""
        return _WORDS[self.verdict]


@dataclass(slots=True)
class SharedFinding:
    """One finding, with the kernels that give it; `finding` is the newest kernel's."""

    anchor: str
    finding: Finding
    kernels: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """Give what the finding says, for people."""
        return KIND_WORDS[self.finding.kind]


@dataclass(frozen=True, slots=True)
class ShownCall:
    """A kfunc call that a program can reach, and the kernels on which its kfunc is live there."""

    call: Call
    live_on: list[str]
    asked: int

    @property
    def live(self) -> str:
        """Give for people where the call is live."""
        if not self.asked:
            return ""
        if len(self.live_on) == self.asked:
            return "everywhere"
        return ", ".join(self.live_on) or "nowhere"


@dataclass(frozen=True, slots=True)
class ProgramPart:
    """A program with its row of the grid, its findings and its calls."""

    program: Program
    cells: list[Cell]
    findings: list[SharedFinding]
    calls: list[ShownCall]

    @property
    def said(self) -> list[SharedFinding]:
        """Give the findings that matter to a verdict."""
        return [item for item in self.findings if item.finding.kind != "dead"]

    @property
    def dead(self) -> list[SharedFinding]:
        """Give the calls that are dead code on some kernels."""
        return [item for item in self.findings if item.finding.kind == "dead"]


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """The whole page."""

    kernels: list[Kernel]
    programs: list[ProgramPart]
    summary: list[Cell]

    @property
    def has_findings(self) -> bool:
        """Say whether there is anything to tell."""
        return any(part.findings for part in self.programs)

    @property
    def loads_on(self) -> list[str]:
        """Give the kernels on which every program passes."""
        return [cell.kernel for cell in self.summary if cell.verdict == PASSES]


def build_object_page(obj: BpfObject) -> ObjectPage:
    """Give the page, with the same number of queries for any number of programs."""
    kernels = list(Kernel.objects.listed())
    checks = load_checks(obj, kernels)
    programs = list(obj.programs.prefetch_related("calls"))
    by_program = _verdicts_by_program(checks)
    parts = [_build_part(program, kernels, checks, by_program) for program in programs]
    return ObjectPage(kernels, parts, [_worst(at, kernels, parts) for at in range(len(kernels))])


def _verdicts_by_program(checks: dict[str, Check]) -> dict[tuple[str, str], Verdict]:
    return {
        (facts_hash, verdict.program): verdict
        for facts_hash, check in checks.items()
        for verdict in check.verdicts.all()
    }


def _build_part(
    program: Program,
    kernels: Sequence[Kernel],
    checks: dict[str, Check],
    by_program: dict[tuple[str, str], Verdict],
) -> ProgramPart:
    shared: dict[tuple[object, ...], SharedFinding] = {}
    cells = []
    live_by_kernel: dict[str, set[str]] = {}
    for kernel in kernels:
        verdict = by_program.get((kernel.facts_hash, program.name))
        if verdict is None:
            cells.append(_empty_cell(kernel, checks.get(kernel.facts_hash)))
            continue
        anchors = [_share(shared, program, kernel, found.data) for found in verdict.findings.all()]
        anchor = next((text for text in anchors if text), "")
        cells.append(Cell(kernel.name, verdict.verdict, anchor))
        live_by_kernel[kernel.name] = set(verdict.live_kfuncs)
    calls = _show_calls(program, live_by_kernel)
    return ProgramPart(program, cells, list(shared.values()), calls)


def _show_calls(program: Program, live_by_kernel: dict[str, set[str]]) -> list[ShownCall]:
    return [
        ShownCall(
            call,
            [kernel for kernel, live in live_by_kernel.items() if call.kfunc in live],
            len(live_by_kernel),
        )
        for call in program.calls.all()
    ]


def _empty_cell(kernel: Kernel, check: Check | None) -> Cell:
    if check is None:
        return Cell(kernel.name, WAITING)
    return Cell(kernel.name, UNCHECKED, problem=check.problem)


def _share(
    shared: dict[tuple[object, ...], SharedFinding],
    program: Program,
    kernel: Kernel,
    data: dict[str, object],
) -> str:
    """Put a finding with its like on other kernels; give its anchor, none for dead code."""
    finding = parse_finding(data)
    functions = tuple(step.function for step in finding.path)
    key = (finding.kind, finding.kfunc, functions, finding.instruction)
    if key not in shared:
        shared[key] = SharedFinding(f"finding-{program.position}-{len(shared)}", finding)
    shared[key].finding = finding
    shared[key].kernels.append(kernel.name)
    return "" if finding.kind == "dead" else shared[key].anchor


def _worst(at: int, kernels: Sequence[Kernel], parts: Sequence[ProgramPart]) -> Cell:
    """Give the object's own cell on a kernel: that of the program that fares worst."""
    cells = [part.cells[at] for part in parts]
    order = (UNCHECKED, WAITING, *_WORST_FIRST)
    if not cells:
        return Cell(kernels[at].name, UNKNOWN)
    worst = min(cells, key=lambda cell: order.index(cell.verdict))
    return Cell(kernels[at].name, worst.verdict, worst.anchor, worst.problem)
