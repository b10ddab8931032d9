"""Kernels of the map as reports and open data take them."""

from __future__ import annotations

from kfmap.catalogue.agreement import describe_agreement
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel
from kfmap.reports.kernel_data import KernelData

_KEPT = 4  # kernels: what is worked out of them is some megabytes
_lately: Recent[tuple[str, str], KernelData] = Recent(_KEPT)


def load_kernel_data(kernel: LoadedKernel) -> KernelData:
    """Return a kernel with its matrix; what was worked out lately is kept by its facts."""
    key = kernel.name, kernel.facts_hash
    known = _lately.get(key)
    if known is None:
        known = KernelData(
            kernel.name,
            kernel.facts,
            kernel.facts_hash,
            kernel.matrix,
            kernel.decider,
            _agreement(kernel),
        )
        _lately.put(key, known)
    return known


def _agreement(kernel: LoadedKernel) -> str:
    """Only the facts that came with kfmap were compared with a booted kernel."""
    rows = Kernel.objects.filter(name=kernel.name, facts_hash=kernel.facts_hash)
    bundled = rows.filter(source=Kernel.Source.BUNDLED).exists()
    return describe_agreement(kernel.name) if bundled else ""
