"""Types and names of functions of bundled kernels, kept in a folder so as to be unpacked once.

Unpacking takes ten times as long as reading what it gives. Files are named for the kernel and the
content they were unpacked from, so another bundle of the kernel replaces them. A file that was cut
off or changed is unpacked anew; a folder that cannot be used only costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path

from kfmap.btf.function_names import decompress
from kfmap.btf.pack import unpack

_SUM = 4  # bytes at the end of a file: the CRC-32 of what is before them


def read_types(packed_file: Path, kernel: str, folder: Path | None) -> bytes:
    """Return the raw BTF of a packed file, from `folder` where it is kept there."""
    return _read(packed_file.read_bytes(), unpack, (f"types-{kernel}", ".btfc"), folder)


def read_names(packed: bytes, kernel: str, folder: Path | None) -> bytes:
    """Return the unpacked names of functions, from `folder` where they are kept there.

    Raises BtfError where they are damaged.
    """
    return _read(packed, decompress, (f"functions-{kernel}", ".names"), folder)


def _read(
    packed: bytes,
    unpacked_from: Callable[[bytes], bytes],
    named: tuple[str, str],
    folder: Path | None,
) -> bytes:
    if folder is None:
        return unpacked_from(packed)
    name, suffix = named
    kept = folder / f"{name}-{hashlib.sha256(packed).hexdigest()[:16]}{suffix}"
    with contextlib.suppress(OSError):
        data = kept.read_bytes()
        if data[-_SUM:] == _sum(content := data[:-_SUM]):
            return content
    content = unpacked_from(packed)
    with contextlib.suppress(OSError):
        _keep(content, kept, name)
    return content


def _sum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM, "big")


def _keep(content: bytes, kept: Path, name: str) -> None:
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}")
    try:
        draft.write_bytes(content + _sum(content))
        draft.replace(kept)  # whoever reads it meanwhile finds all of it or nothing
    finally:
        draft.unlink(missing_ok=True)
    for other in kept.parent.glob(f"{name}-*.[bn]*"):  # also .btf, of those before the sum
        if other != kept and len(other.stem) == len(kept.stem):  # not those of 7.2-all for 7.2
            other.unlink(missing_ok=True)
