"""What the page of an object shows: its job, the answer per kernel, causes, calls, two kernels."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from kfmap.web.shared.kernel_map import load_kernel_map
from verifier.engine.reports.answer import Answer
from verifier.engine.reports.judged import STANDS_FOR
from verifier.engine.result import LEFT_OUT, PASSES
from verifier.records.models import BpfObject, Job
from verifier.records.outcome import WORST_FIRST
from verifier.web.object_changes import AcrossKernels, build_across
from verifier.web.object_verdicts import (
    CardGroup,
    CauseCard,
    ObjectVerdicts,
    ProgramPart,
    load_verdicts,
)


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """The whole page; `judged` says what its verdicts stand for."""

    job: Job | None
    kernels: list[Kernel]
    verdicts: ObjectVerdicts
    across: AcrossKernels
    judged: str = STANDS_FOR

    @property
    def programs(self) -> list[ProgramPart]:
        """Return the programs in the order of the object."""
        return self.verdicts.programs

    @property
    def answer(self) -> Answer:
        """Return the answer per kernel."""
        return self.verdicts.answer

    @property
    def causes(self) -> list[CauseCard]:
        """Return why programs do not pass, the gravest first."""
        return self.verdicts.causes

    @property
    def groups(self) -> list[CardGroup]:
        """Return the same, those that a reader takes for one together."""
        return self.verdicts.groups

    @property
    def worst(self) -> dict[str, str]:
        """Return the verdict of the program that fares worst, by kernel; none where not checked."""
        cells = self.verdicts.summary
        return {cell.kernel: cell.verdict for cell in cells if cell.verdict in WORST_FIRST}

    @property
    def loads_on(self) -> list[str]:
        """Return the kernels on which every program that is loaded passes."""
        cells = self.verdicts.summary
        return [cell.kernel for cell in cells if cell.verdict in (PASSES, LEFT_OUT)]


def build_object_page(obj: BpfObject, before: str = "", after: str = "") -> ObjectPage:
    """Return the page; `before`, `after` are the kernels to compare, by name."""
    job = obj.jobs.first()  # before the verdicts: those of a job that is done are all there
    kernels = list(load_kernel_map().rows[::-1])
    verdicts = load_verdicts(obj, kernels)
    across = build_across(kernels, verdicts.checks, before, after)
    return ObjectPage(job, kernels, verdicts, across)
