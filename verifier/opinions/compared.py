"""An opinion with how each of its programs goes together with kfmap's verdict, for reports."""

from __future__ import annotations

from kfmap.quick_dataclass import dataclass
from verifier.opinions.agreement import Agreement, ComparedProgram
from verifier.opinions.opinion import KernelOpinion
from verifier.opinions.opinion_text import say_counts


@dataclass(frozen=True, slots=True)
class ComparedOpinion:
    """One object on one kernel."""

    opinion: KernelOpinion
    programs: tuple[ComparedProgram, ...]

    @property
    def kernel(self) -> str:
        """Return the kernel's name in the map."""
        return self.opinion.kernel

    @property
    def counts(self) -> str:
        """Return how many programs agree, differ and so on, in one line."""
        return say_counts(self.programs)

    @property
    def refusals(self) -> tuple[ComparedProgram, ...]:
        """Return the programs that the kernel refuses and kfmap does not."""
        wanted = (Agreement.NOT_JUDGED, Agreement.DIFFERS)
        return tuple(item for item in self.programs if item.agreement in wanted)
