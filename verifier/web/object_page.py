"""What the page of an object shows: the verdict grid, findings that kernels share, calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.paginator import Page

from kfmap.catalogue.models import Kernel
from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import PASSES, UNKNOWN, WORDS, Finding, FindingKind
from verifier.records.models import BpfObject, Call, Program
from verifier.records.outcome import WORST_FIRST
from verifier.records.store import Checked, load_checks
from verifier.web.object_calls import (
    ByProgram,
    KfuncCalls,
    Liveness,
    Site,
    load_kfunc_calls,
    load_sites,
    verdicts_of,
)
from verifier.web.object_changes import AcrossKernels, build_across

UNCHECKED, WAITING = "unchecked", "waiting"
_WORDS = WORDS | {
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
        """Return the verdict for people."""
        return _WORDS[self.verdict]


@dataclass(slots=True)
class SharedFinding:
    """One finding, with the kernels and programs that have it; `finding` is the newest kernel's."""

    anchor: str
    finding: Finding
    kernels: dict[str, None] = field(default_factory=dict)
    programs: dict[str, None] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return what the finding says, for people."""
        return KIND_WORDS[self.finding.kind]


@dataclass(frozen=True, slots=True)
class ProgramPart:
    """A program with its row of the grid, its findings and the kfuncs it calls."""

    program: Program
    cells: list[Cell]
    findings: list[SharedFinding]
    calls: list[KfuncCalls]

    @property
    def said(self) -> list[SharedFinding]:
        """Return the findings that matter to a verdict, those that cells lead to first."""
        anchors = {cell.anchor for cell in self.cells}
        said = [item for item in self.findings if item.finding.kind != FindingKind.DEAD]
        return sorted(said, key=lambda item: item.anchor not in anchors)

    @property
    def dead(self) -> list[SharedFinding]:
        """Return the calls that are dead code on some kernels."""
        return [item for item in self.findings if item.finding.kind == FindingKind.DEAD]

    @property
    def sites(self) -> int:
        """Count the places that call a kfunc."""
        return sum(row.sites for row in self.calls)


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """The whole page. `findings` are those that several programs share, such as a missing kfunc."""

    kernels: list[Kernel]
    programs: list[ProgramPart]
    summary: list[Cell]
    findings: list[SharedFinding]
    across: AcrossKernels

    @property
    def has_findings(self) -> bool:
        """Say whether there is anything to tell."""
        return bool(self.findings) or any(part.findings for part in self.programs)

    @property
    def worst(self) -> dict[str, str]:
        """Return the verdict of the program that fares worst, by kernel; none where not checked."""
        return {cell.kernel: cell.verdict for cell in self.summary if cell.verdict in WORST_FIRST}

    @property
    def loads_on(self) -> list[str]:
        """Return the kernels on which every program passes."""
        return [cell.kernel for cell in self.summary if cell.verdict == PASSES]


def build_object_page(obj: BpfObject, before: str = "", after: str = "") -> ObjectPage:
    """Return the page, with the same number of queries for any number of programs.

    `before`, `after`: the kernels to compare, by name.
    """
    kernels = list(Kernel.objects.listed())
    checks = load_checks(obj, kernels)
    by_program = _by_program(checks)
    findings = _Findings()
    programs = list(obj.programs.all())
    rows = [_build_cells(program, kernels, checks, by_program, findings) for program in programs]
    verdicts = [verdicts_of(program, kernels, by_program) for program in programs]
    liveness = [Liveness(item) for item in verdicts]
    calls = load_kfunc_calls(obj, dict(zip((p.pk for p in programs), liveness, strict=True)))
    parts = [
        ProgramPart(program, cells, findings.only_of(program), calls.get(program.pk, []))
        for program, cells in zip(programs, rows, strict=True)
    ]
    summary = [_worst(at, kernels, parts) for at in range(len(kernels))]
    across = build_across(kernels, checks, before, after)
    return ObjectPage(kernels, parts, summary, findings.of_many(), across)


@dataclass(frozen=True, slots=True)
class ProgramPage:
    """All findings of one program, and one page of the places that call kfuncs."""

    kernels: list[Kernel]
    programs: list[ProgramPart]
    shown: Page[Call]
    sites: list[Site]


def build_program_page(obj: BpfObject, program: Program, number: str) -> ProgramPage:
    """Return a page about one program; `number` is that of the page of call sites."""
    kernels = list(Kernel.objects.listed())
    checks = load_checks(obj, kernels)
    by_program = _by_program(checks)
    findings = _Findings()
    cells = _build_cells(program, kernels, checks, by_program, findings)
    part = ProgramPart(program, cells, findings.only_of(program), [])
    liveness = Liveness(verdicts_of(program, kernels, by_program))
    return ProgramPage(kernels, [part], *load_sites(program, liveness, number))


def _by_program(checks: dict[str, Checked]) -> ByProgram:
    """Return verdicts by the hash of the kernel's facts and the program's name."""
    return {
        (facts_hash, verdict.program): verdict
        for facts_hash, check in checks.items()
        for verdict in check.programs
    }


class _Findings:
    """All findings of the page, each once; one without a call path may be of many programs."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], SharedFinding] = {}

    def add(self, program: Program, kernel: Kernel, finding: Finding) -> SharedFinding:
        """Put a finding with its like on other kernels and of other programs."""
        functions = tuple(step.function for step in finding.path)
        texts = () if finding.path else tuple(reason.text for reason in finding.reasons)
        owner = program.position if finding.path else None
        key = (owner, finding.kind, finding.kfunc, functions, finding.instruction, texts)
        shared = self._found.get(key)
        if shared is None:
            shared = self._found[key] = SharedFinding(f"finding-{len(self._found)}", finding)
        shared.finding = finding
        shared.kernels[kernel.name] = None
        shared.programs[program.name] = None
        return shared

    def only_of(self, program: Program) -> list[SharedFinding]:
        """Return the findings that this program alone has."""
        alone = {program.name: None}
        return [shared for shared in self._found.values() if shared.programs == alone]

    def of_many(self) -> list[SharedFinding]:
        """Return the findings that several programs share."""
        return [shared for shared in self._found.values() if len(shared.programs) > 1]


def _build_cells(
    program: Program,
    kernels: Sequence[Kernel],
    checks: dict[str, Checked],
    by_program: ByProgram,
    findings: _Findings,
) -> list[Cell]:
    """Return the program's row of the grid; a cell leads to the first finding that decides."""
    cells = []
    for kernel in kernels:
        verdict = by_program.get((kernel.facts_hash, program.name))
        if verdict is None:
            cells.append(_empty_cell(kernel, checks.get(kernel.facts_hash)))
            continue
        shared = [findings.add(program, kernel, finding) for finding in verdict.findings]
        anchor = next((item.anchor for item in shared if item.finding.kind != FindingKind.DEAD), "")
        cells.append(Cell(kernel.name, verdict.verdict, anchor))
    return cells


def _empty_cell(kernel: Kernel, check: Checked | None) -> Cell:
    if check is None:
        return Cell(kernel.name, WAITING)
    return Cell(kernel.name, UNCHECKED, problem=check.problem)


def _worst(at: int, kernels: Sequence[Kernel], parts: Sequence[ProgramPart]) -> Cell:
    """Return the object's own cell on a kernel: that of the program that fares worst."""
    cells = [part.cells[at] for part in parts]
    order = (UNCHECKED, WAITING, *WORST_FIRST)
    if not cells:
        return Cell(kernels[at].name, UNKNOWN)
    worst = min(cells, key=lambda cell: order.index(cell.verdict))
    return Cell(kernels[at].name, worst.verdict, worst.anchor, worst.problem)
