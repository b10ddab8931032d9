"""Load the bundled kernels into the map: facts, types, options and functions."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import Path

from kfmap.catalogue.bundled_kernels import BUNDLED, BundledKernel, find_bundled
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a bundled kernel; KEPT: the user imported another under the same name."""

    LOADED = "loaded"
    UNCHANGED = "as it was"
    KEPT = "not loaded: the kernel imported under that name stays"
    DAMAGED = "not loaded: its files are damaged, install kfmap again"


def load_bundled(
    folder: Path = BUNDLED, names: Collection[str] = (), *, everything: bool = True
) -> Iterator[tuple[str, Outcome]]:
    """Put the bundled kernels into the map one by one; yield the name and what became of it.

    Of those in `names` only, where there are any. Without `everything`, types and functions stay in
    the bundle until they are needed: see `kept_parts`.
    """
    present = {
        name: (source, digest)
        for name, source, digest in Kernel.objects.values_list("name", "source", "source_digest")
    }
    for bundled in find_bundled(folder):
        if names and bundled.name not in names:
            continue
        source, digest = present.get(bundled.name, ("", ""))
        if source == Kernel.Source.IMPORTED:
            yield bundled.name, Outcome.KEPT
        elif digest == (now := bundled.digest()):
            yield bundled.name, Outcome.UNCHANGED
        else:
            yield bundled.name, _load(bundled, now, everything)


def _load(bundled: BundledKernel, digest: str, everything: bool) -> Outcome:
    """Put a kernel into the map; of one whose files are damaged the map keeps what it has."""
    try:
        _save(bundled, digest, everything)
    except DamagedBundleError as error:
        log.error("%s", error)
        return Outcome.DAMAGED
    return Outcome.LOADED


def _save(bundled: BundledKernel, digest: str, everything: bool) -> None:
    saved = save_kernel(
        bundled.read_facts(),
        bundled.read_types() if everything else None,
        config=bundled.read_config(),
        functions=bundled.read_functions() if everything else None,
        replace=True,
        source=Kernel.Source.BUNDLED,
        source_digest=digest,
    )
    if saved.kernel.source_digest != digest:  # the files changed, the facts did not
        saved.kernel.source_digest = digest
        saved.kernel.save(update_fields=["source_digest"])
