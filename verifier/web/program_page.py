"""What the page of one program shows: its verdicts, all its findings, its calls of kfuncs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.paginator import Page

from kfmap.catalogue.models import Kernel
from verifier.engine.reports.model import KIND_WORDS
from verifier.engine.result import Finding, FindingKind
from verifier.records.models import BpfObject, Call, Program
from verifier.records.store import load_checks
from verifier.web.object_calls import (
    ByProgram,
    KfuncCalls,
    Liveness,
    Site,
    load_sites,
    verdicts_of,
)
from verifier.web.verdict_grid import Cell, Row, build_cells, build_rows, index_verdicts


@dataclass(slots=True)
class SharedFinding:
    """One finding with the kernels that have it; `finding` is the newest kernel's."""

    anchor: str
    finding: Finding
    kernels: dict[str, None] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return what the finding says, for people."""
        return KIND_WORDS[self.finding.kind]


@dataclass(frozen=True, slots=True)
class ProgramPart:
    """A program with its row of the grid and its findings."""

    program: Program
    cells: list[Cell]
    findings: list[SharedFinding]
    calls: list[KfuncCalls] = field(default_factory=list)

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


@dataclass(frozen=True, slots=True)
class ProgramPage:
    """All findings of one program, and one page of the places that call kfuncs."""

    kernels: list[Kernel]
    programs: list[ProgramPart]
    shown: Page[Call]
    sites: list[Site]

    @property
    def rows(self) -> list[Row]:
        """Return the one row of the table of programs by kernels."""
        return build_rows([(part.program, part.cells) for part in self.programs])


def build_program_page(obj: BpfObject, program: Program, number: str) -> ProgramPage:
    """Return a page about one program; `number` is that of the page of call sites."""
    kernels = list(Kernel.objects.newest_first())
    checks = load_checks(obj, kernels)
    by_program = index_verdicts(checks)
    findings, anchors = _collect(program, kernels, by_program)
    cells = build_cells(program, kernels, checks, by_program, anchors)
    liveness = Liveness(verdicts_of(program, kernels, by_program))
    part = ProgramPart(program, cells, findings)
    return ProgramPage(kernels, [part], *load_sites(program, liveness, number))


def _collect(
    program: Program, kernels: Sequence[Kernel], by_program: ByProgram
) -> tuple[list[SharedFinding], Mapping[tuple[str, str], str]]:
    """Return each finding once, and by kernel and program the anchor of the one that decides."""
    found: dict[tuple[object, ...], SharedFinding] = {}
    anchors: dict[tuple[str, str], str] = {}
    for kernel in kernels:
        verdict = by_program.get((kernel.facts_hash, program.name))
        for finding in verdict.findings if verdict else ():
            key = _identify(finding)
            shared = found.setdefault(key, SharedFinding(f"finding-{len(found)}", finding))
            shared.kernels[kernel.name] = None
            if finding.kind != FindingKind.DEAD:
                anchors.setdefault((kernel.name, program.name), shared.anchor)
    return list(found.values()), anchors


def _identify(finding: Finding) -> tuple[object, ...]:
    functions = tuple(step.function for step in finding.path)
    texts = () if finding.path else tuple(reason.text for reason in finding.reasons)
    return finding.kind, finding.kfunc, functions, finding.instruction, texts
