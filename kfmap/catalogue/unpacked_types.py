"""Types of bundled kernels as raw BTF, kept in a folder so that they are unpacked once.

Unpacking takes ten times as long as reading what it gives. Files are named for the kernel and the
content they were unpacked from, so another bundle of the kernel replaces them. A file that was cut
off or changed is unpacked anew; a folder that cannot be used only costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from pathlib import Path

from kfmap.btf.pack import unpack

_SUM = 4  # bytes at the end of a file: the CRC-32 of what is before them


def read_types(packed_file: Path, kernel: str, folder: Path | None) -> bytes:
    """Return the raw BTF of a packed file, from `folder` where it is kept there."""
    packed = packed_file.read_bytes()
    if folder is None:
        return unpack(packed)
    kept = folder / f"types-{kernel}-{hashlib.sha256(packed).hexdigest()[:16]}.btfc"
    with contextlib.suppress(OSError):
        data = kept.read_bytes()
        if data[-_SUM:] == _sum(types := data[:-_SUM]):
            return types
    types = unpack(packed)
    with contextlib.suppress(OSError):
        _keep(types, kept, kernel)
    return types


def _sum(types: bytes) -> bytes:
    return zlib.crc32(types).to_bytes(_SUM, "big")


def _keep(types: bytes, kept: Path, kernel: str) -> None:
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}")
    try:
        draft.write_bytes(types + _sum(types))
        draft.replace(kept)  # whoever reads it meanwhile finds all of it or nothing
    finally:
        draft.unlink(missing_ok=True)
    for other in kept.parent.glob(f"types-{kernel}-*.btf*"):  # .btf of those before the sum
        if other != kept and len(other.stem) == len(kept.stem):  # not those of 7.2-all for 7.2
            other.unlink(missing_ok=True)
