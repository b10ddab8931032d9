"""Make archives and packages in tests, byte by byte where no tool is at hand."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping

Files = Mapping[str, bytes]


def make_tar(files: Files, top: str = "") -> bytes:
    """Return a tar archive, in a folder of its own if `top` is given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            item = tarfile.TarInfo(f"{top}/{name}" if top else name)
            item.size = len(data)
            archive.addfile(item, io.BytesIO(data))
    return out.getvalue()


def make_zip(files: Files) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def make_deb(files: Files) -> bytes:
    """Return a Debian package (deb(5))."""

    def member(name: str, data: bytes) -> bytes:
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n"
        return head.encode() + data + b"\n" * (len(data) % 2)

    data = gzip.compress(make_tar(files, "."))
    return b"!<arch>\n" + member("debian-binary", b"2.0\n") + member("data.tar.gz", data)


def make_cpio(files: Files) -> bytes:
    """Return a cpio archive in the "new" form (cpio(5))."""
    out = b""
    for name, data in (*files.items(), ("TRAILER!!!", b"")):
        mode = 0o100644 if name != "TRAILER!!!" else 0
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return out


def make_rpm(files: Files) -> bytes:
    """Return a package of RPM: lead, signatures, header and a packed cpio archive."""

    def header(store: bytes) -> bytes:
        entry = struct.pack(">IIII", 1000, 7, 0, len(store))
        return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", 1, len(store)) + entry + store

    signatures = header(b"s" * 13)
    lead = b"\xed\xab\xee\xdb\x03".ljust(96, b"\0")
    return (
        lead
        + signatures
        + bytes(-len(signatures) % 8)
        + header(b"kernel\0")
        + gzip.compress(make_cpio(files))
    )
