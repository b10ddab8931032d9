"""The open data of the whole map as one ZIP file, made once per state of the map."""

from __future__ import annotations

import fcntl
import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from kfmap import __version__
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.report_data import load_kernel_data
from kfmap.catalogue.store import load_row
from kfmap.open_data.tables import VERSION
from kfmap.open_data.write import has_parquet, write_data
from kfmap.permission.engine import ENGINE_VERSION

FOLDER = "open-data"
_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the same data are to be the same bytes


class BeingMadeError(Exception):
    """Another request makes the file right now."""


def find_data_file() -> tuple[Path, str]:
    """Return the file and what it is known by; it is made where the map has changed.

    Raises BeingMadeError.
    """
    kernels = list(Kernel.objects.listed())
    digest = _digest(kernels)
    folder: Path = settings.KFMAP_DATA_DIR / FOLDER
    path = folder / f"kfmap-data-{digest[:16]}.zip"
    if not zipfile.is_zipfile(path):  # not there, or cut off
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BeingMadeError from error
            _make(path, kernels)
    return path, digest


def _digest(kernels: Sequence[Kernel]) -> str:
    told = [__version__, VERSION, ENGINE_VERSION, has_parquet()]
    told += [(kernel.name, kernel.facts_hash) for kernel in kernels]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _make(path: Path, kernels: Sequence[Kernel]) -> None:
    """Write the file beside its place, then put it there; those of older maps go."""
    with TemporaryDirectory(dir=path.parent) as name:
        data = Path(name) / "data"
        files = write_data(data, [load_kernel_data(load_row(kernel)) for kernel in kernels])
        made = Path(name) / path.name
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                inside = zipfile.ZipInfo(f"kfmap-data/{file.relative_to(data)}", _NO_DATE)
                inside.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(inside, file.read_bytes())
        for old in path.parent.glob("kfmap-data-*.zip"):
            old.unlink(missing_ok=True)
        made.replace(path)
