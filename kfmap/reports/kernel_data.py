"""A kernel as reports and open data take it, whether it comes from files or from the map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.findings.finding import Finding
from kfmap.permission.findings.lint import lint_kernel
from kfmap.permission.matrix import Matrix
from kfmap.permission.outcome_bits import OutcomeColumns


@dataclass(frozen=True)
class KernelData:
    """Facts with their name, hash and matrix; `agreement` as in the provenance of reports, "" where
    the booted kernel was not asked."""

    name: str
    facts: KernelFacts
    facts_sha256: str
    matrix: Matrix
    decider: Decider
    agreement: str = ""

    @cached_property
    def contexts(self) -> tuple[str, ...]:
        """Return the short names of all contexts, in the kernel's order."""
        return tuple(render_context(context) for context in self.matrix.contexts)

    @cached_property
    def rows(self) -> dict[str, str]:
        """Return for each kfunc the letter of its outcome in every context."""
        columns = OutcomeColumns(self.decider)
        made = [
            columns.column(context, *self.matrix.bits(at))
            for at, context in enumerate(self.matrix.contexts)
        ]
        return {
            kfunc: "".join(column.letter(row) for column in made)
            for row, kfunc in enumerate(self.matrix.kfuncs)
        }

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Return what is wrong, risky or near a limit in its registrations."""
        return lint_kernel(self.decider)

    @property
    def provenance(self) -> tuple[tuple[str, str], ...]:
        """Return what it is and how sure its map is."""
        origin = self.facts.origin
        told = f"release {self.facts.version}, {origin.label or 'of unknown origin'}"
        sure = self.agreement or "not compared with a booted kernel"
        if self.facts.is_observed:
            sure = "its verdicts are what it answered when it was booted and asked"
        return (
            (f"kernel {self.name}", told),
            (f"facts of {self.name}", f"SHA-256 {self.facts_sha256}"),
            (f"evidence for {self.name}", sure),
        )
