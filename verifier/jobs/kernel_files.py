"""Kernels as files for check processes: as the rows pack them, named by the hash of the facts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings

from kfmap.catalogue.models import Kernel, KernelFunctions, KernelTypes


def write_kernel_files(kernel: Kernel) -> dict[str, str]:
    """Return the files of a kernel as a check process takes them, writing what is not there."""
    folder: Path = settings.KFMAP_DATA_DIR / "kernels"
    folder.mkdir(mode=0o700, exist_ok=True)
    rows = Kernel.objects.filter(pk=kernel.pk)
    sources = {
        "facts": rows.values_list("facts", flat=True),
        "types": KernelTypes.objects.filter(kernel=kernel).values_list("data", flat=True),
        "functions": KernelFunctions.objects.filter(kernel=kernel).values_list("data", flat=True),
        "config": rows.values_list("config", flat=True),
    }
    files = {"facts_hash": kernel.facts_hash}
    for name, source in sources.items():
        path = folder / f"{kernel.facts_hash}.{name}"
        if not path.exists() or not path.stat().st_size:  # it may have come later than the facts
            write_whole(path, source.first() or b"")
        files[name] = str(path) if path.stat().st_size > 0 else ""
    return files


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write beside the place and move there, so that a file that exists is whole."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(data)
    Path(draft.name).replace(path)
