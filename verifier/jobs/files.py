"""Uploaded bytes on disk, by their SHA-256: `objects/ab/abcd…` in the data folder.

Files are written beside their place and moved there, so a file that exists is whole.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

_HEADER_BYTES = 20
_EM_BPF = 247


class RefusedFileError(ValueError):
    """The file is not taken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes that are on disk."""

    sha256: str
    size: int


def path_of(sha256: str) -> Path:
    """Return the place of the bytes with this hash."""
    folder: Path = settings.KFMAP_DATA_DIR
    return folder / "objects" / sha256[:2] / sha256


def store(chunks: Iterable[bytes]) -> StoredFile:
    """Write the bytes as they come. Raises RefusedFileError; then nothing is kept."""
    folder: Path = settings.KFMAP_DATA_DIR / "objects"
    folder.mkdir(mode=0o700, exist_ok=True)
    handle, draft_name = tempfile.mkstemp(dir=folder, prefix="draft-")
    draft = Path(draft_name)
    try:
        with os.fdopen(handle, "wb") as file:
            stored = _copy(chunks, file.write)
        place = path_of(stored.sha256)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return stored


def _copy(chunks: Iterable[bytes], write: Callable[[bytes], object]) -> StoredFile:
    digest, size, header = hashlib.sha256(), 0, b""
    for chunk in chunks:
        size += len(chunk)
        if size > settings.KFMAP_MAX_UPLOAD_BYTES:
            raise RefusedFileError(_too_large())
        if len(header) < _HEADER_BYTES:
            header += chunk[: _HEADER_BYTES - len(header)]
        digest.update(chunk)
        write(chunk)
    _expect_bpf_elf(header)
    return StoredFile(digest.hexdigest(), size)


def _too_large() -> str:
    limit = settings.KFMAP_MAX_UPLOAD_BYTES >> 20
    return f"larger than {limit} MB, the limit set by KFMAP_MAX_UPLOAD_MB"


def _expect_bpf_elf(header: bytes) -> None:
    """Refuse at once what cannot be a BPF object (ELF specification, e_ident and e_machine)."""
    if not header:
        raise RefusedFileError("the file is empty")
    if not header.startswith(b"\x7fELF"):
        raise RefusedFileError("not an ELF file: give the .bpf.o that clang -target bpf writes")
    if len(header) < _HEADER_BYTES:
        raise RefusedFileError("truncated: the ELF header is not whole; build or copy it again")
    machine = int.from_bytes(header[18:20], "big" if header[5] == 2 else "little")
    if machine != _EM_BPF:
        raise RefusedFileError(
            f"an ELF file for machine {machine}, not for BPF ({_EM_BPF}): build it with "
            "clang -target bpf"
        )
