"""Write Debian packages (deb(5)) of a few files."""

from __future__ import annotations

import io
import lzma
import tarfile
from pathlib import Path


def pack(files: dict[str, bytes]) -> bytes:
    """Write a compressed tar file."""
    return lzma.compress(_tar(files))


def _tar(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return written.getvalue()


def write_deb(path: Path, files: dict[str, bytes]) -> Path:
    """Write a package (deb(5)): an ar archive of the format's version and two tar files."""
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": pack({"./control": b"Package: x\nVersion: 1\n"}),
        "data.tar.xz": pack(files),
    }
    packed = b"!<arch>\n"
    for name, data in members.items():
        packed += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        packed += data + b"\n" * (len(data) % 2)
    path.write_bytes(packed)
    return path
