"""Types of bundled kernels as raw BTF, kept in a folder so that they are unpacked once.

Unpacking takes ten times as long as reading what it gives. Files are named for the kernel and the
content they were unpacked from, so another bundle of the kernel replaces them. A folder that cannot
be used only costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from kfmap.btf.pack import unpack


def read_types(packed_file: Path, kernel: str, folder: Path | None) -> bytes:
    """Return the raw BTF of a packed file, from `folder` where it is kept there."""
    packed = packed_file.read_bytes()
    if folder is None:
        return unpack(packed)
    kept = folder / f"types-{kernel}-{hashlib.sha256(packed).hexdigest()[:16]}.btf"
    with contextlib.suppress(OSError):
        return kept.read_bytes()
    types = unpack(packed)
    with contextlib.suppress(OSError):
        _keep(types, kept, kernel)
    return types


def _keep(types: bytes, kept: Path, kernel: str) -> None:
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}")
    try:
        draft.write_bytes(types)
        draft.replace(kept)  # whoever reads it meanwhile finds all of it or nothing
    finally:
        draft.unlink(missing_ok=True)
    for other in kept.parent.glob(f"types-{kernel}-*.btf"):
        if other != kept and len(other.name) == len(kept.name):  # not those of 7.2-all for 7.2
            other.unlink(missing_ok=True)
