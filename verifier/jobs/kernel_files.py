"""Kernels as files for check processes: as the rows pack them, named by the hash of the facts."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from django.conf import settings

from kfmap.catalogue.models import Kernel, KernelFunctions, KernelTypes, Kfunc, StructOpsType
from kfmap.kernel.facts import VMLINUX


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


def write_known_names() -> str:
    """Return the file of the names that some kernel of the map has, writing it if it is new."""
    kfuncs: dict[str, set[str]] = {}
    for name, owner in Kfunc.objects.filter(kernel__in=Kernel.objects.listed()).values_list(
        "name", "owner"
    ):
        kfuncs.setdefault(name, set()).add(owner)
    types = StructOpsType.objects.filter(kernel__in=Kernel.objects.listed())
    names = {
        "kfuncs": {name: sorted(owners - {VMLINUX}) for name, owners in sorted(kfuncs.items())},
        "struct_ops": sorted(set(types.values_list("name", flat=True))),
    }
    data = json.dumps(names).encode()
    path = settings.KFMAP_DATA_DIR / "kernels" / f"{hashlib.sha256(data).hexdigest()}.names"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        write_whole(path, data)
    return str(path)


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write beside the place and move there, so that a file that exists is whole."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(data)
    Path(draft.name).replace(path)
