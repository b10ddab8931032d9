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

_SUM = 4  # bytes at the end of a file: the CRC-32 of what is before them


def read_types(
    make: Callable[[], bytes], digest: Callable[[], str], kernel: str, folder: Path | None
) -> bytes:
    """Return the raw BTF that `make` gives, from `folder` where it is kept there.

    `digest` gives the SHA-256, in hex, of what it is made from.
    """
    return _read(make, digest, (f"types-{kernel}", ".btfc"), folder)


def read_shared_names(
    make: Callable[[], bytes], digest: Callable[[], str], kernel: str, folder: Path | None
) -> bytes:
    """Return the packed names of functions that `make` gives, from `folder` where they are kept.

    For kernels that share them with another, where making them unpacks the names of both.
    """
    return _read(make, digest, (f"shared-{kernel}", ".names"), folder)


def read_names(packed: bytes, kernel: str, folder: Path | None) -> bytes:
    """Return the unpacked names of functions, from `folder` where they are kept there.

    Raises BtfError where they are damaged.
    """
    return _read(
        lambda: decompress(packed),
        lambda: hashlib.sha256(packed).hexdigest(),
        (f"functions-{kernel}", ".names"),
        folder,
    )


def _read(
    make: Callable[[], bytes],
    digest: Callable[[], str],
    named: tuple[str, str],
    folder: Path | None,
) -> bytes:
    if folder is None:
        return make()
    name, suffix = named
    kept = folder / f"{name}-{digest()[:16]}{suffix}"
    with contextlib.suppress(OSError):
        data = kept.read_bytes()
        if data[-_SUM:] == _sum(content := data[:-_SUM]):
            return content
    content = make()
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
