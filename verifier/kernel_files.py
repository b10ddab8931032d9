"""Kernels as files for check processes: packed facts and types, named by the hash of the facts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings

from kfmap.catalogue.models import Kernel, KernelTypes


def write_kernel_files(kernel: Kernel) -> dict[str, str]:
    """Give the files of a kernel as a check process takes them, writing what is not there."""
    folder: Path = settings.KFMAP_DATA_DIR / "kernels"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder / f"{kernel.facts_hash}.facts"
    types = folder / f"{kernel.facts_hash}.types"
    if not facts.exists():
        packed = KernelTypes.objects.filter(kernel=kernel).values_list("data", flat=True).first()
        write_whole(types, packed or b"")
        write_whole(facts, Kernel.objects.values_list("facts", flat=True).get(pk=kernel.pk))
    has_types = types.stat().st_size > 0
    return {
        "facts_hash": kernel.facts_hash,
        "facts": str(facts),
        "types": str(types) if has_types else "",
    }


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write beside the place and move there, so that a file that exists is whole."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(data)
    Path(draft.name).replace(path)
