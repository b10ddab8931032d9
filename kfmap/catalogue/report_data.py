"""Kernels of the map as reports and open data take them."""

from __future__ import annotations

from kfmap.catalogue.agreement import describe_agreement
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel
from kfmap.reports.comparison_report import KernelChanges, find_kernel_changes
from kfmap.reports.kernel_data import KernelData

_KEPT = 12  # kernels: what is worked out of them is a megabyte each
_KEPT_CHANGES = 32
_Key = tuple[str, str]
_lately: Recent[_Key, KernelData] = Recent(_KEPT)
_changes: Recent[tuple[_Key, _Key], KernelChanges] = Recent(_KEPT_CHANGES)


def load_kernel_data(kernel: LoadedKernel) -> KernelData:
    """Return a kernel with its matrix; what was worked out lately is kept by its facts."""
    key = kernel.name, kernel.facts_hash
    return _lately.recall(
        key,
        lambda: KernelData(
            kernel.name,
            kernel.facts,
            kernel.facts_hash,
            kernel.matrix,
            kernel.decider,
            _agreement(kernel),
        ),
    )


def load_kernel_changes(old: LoadedKernel, new: LoadedKernel) -> KernelChanges:
    """Return what changed from one kernel to another; what was worked out lately is kept."""
    key = (old.name, old.facts_hash), (new.name, new.facts_hash)
    return _changes.recall(
        key, lambda: find_kernel_changes(load_kernel_data(old), load_kernel_data(new))
    )


def _agreement(kernel: LoadedKernel) -> str:
    """Only the facts that came with kfmap were compared with a booted kernel."""
    rows = Kernel.objects.filter(name=kernel.name, facts_hash=kernel.facts_hash)
    bundled = rows.filter(source=Kernel.Source.BUNDLED).exists()
    return describe_agreement(kernel.name) if bundled else ""
