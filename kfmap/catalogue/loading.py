"""Load the bundled kernels into the map: facts, types, options and functions."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from kfmap.catalogue.bundled_kernels import BUNDLED, BundledKernel, find_bundled
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel


class Outcome(StrEnum):
    """What became of a bundled kernel; KEPT: the user imported another under the same name."""

    LOADED = "loaded"
    UNCHANGED = "as it was"
    KEPT = "not loaded: the kernel imported under that name stays"


def load_bundled(folder: Path = BUNDLED) -> Iterator[tuple[str, Outcome]]:
    """Put the bundled kernels into the map one by one; give the name and what became of it."""
    present = {
        name: (source, digest)
        for name, source, digest in Kernel.objects.values_list("name", "source", "source_digest")
    }
    for bundled in find_bundled(folder):
        source, digest = present.get(bundled.name, ("", ""))
        if source == Kernel.Source.IMPORTED:
            yield bundled.name, Outcome.KEPT
        elif digest == (now := bundled.digest()):
            yield bundled.name, Outcome.UNCHANGED
        else:
            _save(bundled, now)
            yield bundled.name, Outcome.LOADED


def _save(bundled: BundledKernel, digest: str) -> None:
    saved = save_kernel(
        bundled.read_facts(),
        bundled.read_types(),
        config=bundled.read_config(),
        functions=bundled.read_functions(),
        replace=True,
        source=Kernel.Source.BUNDLED,
        source_digest=digest,
    )
    if saved.kernel.source_digest != digest:  # the files changed, the facts did not
        saved.kernel.source_digest = digest
        saved.kernel.save(update_fields=["source_digest"])
