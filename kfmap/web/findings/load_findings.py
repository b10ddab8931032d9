"""The findings about a kernel of the map, worked out once."""

from __future__ import annotations

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.findings.finding import Finding
from kfmap.permission.findings.lint import lint_kernel
from kfmap.web.shared.kernel_map import Atlas
from kfmap.web.shared.once_per_facts import once_per_facts


def load_findings(atlas: Atlas, name: str) -> tuple[Finding, ...]:
    """Return all findings; those that options hide come from the tree with every option on."""
    everything = f"{name}-all"
    return _lint(atlas.load(name), atlas.load(everything) if everything in atlas.names else None)


@once_per_facts
def _lint(kernel: LoadedKernel, everything: LoadedKernel | None) -> tuple[Finding, ...]:
    return lint_kernel(kernel.decider, everything.facts if everything else None)
