"""The findings about a kernel of the map, worked out once."""

from __future__ import annotations

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.findings.finding import Finding
from kfmap.permission.findings.lint import lint_kernel
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.once_per_facts import once_per_facts


def load_findings(this: ThisKernel) -> tuple[Finding, ...]:
    """Return all findings; those that options hide come from the tree with every option on."""
    kernels, everything = this.kernels, f"{this.name}-all"
    return _lint(this.loaded, kernels.load(everything) if everything in kernels.names else None)


@once_per_facts
def _lint(kernel: LoadedKernel, everything: LoadedKernel | None) -> tuple[Finding, ...]:
    return lint_kernel(kernel.decider, everything.facts if everything else None)
