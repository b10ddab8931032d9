"""Tell what a file is by how it begins; the modules that read archives are not needed for it."""

from __future__ import annotations

AR_MAGIC = b"!<arch>\n"
GZIP_MAGIC = b"\x1f\x8b"
_MAGICS = (
    (GZIP_MAGIC, "gz"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bz2"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")


def is_tar(start: bytes) -> bool:
    """Return whether a file begins as a tar archive does."""
    return start[_TAR_MARK_AT : _TAR_MARK_AT + len(_TAR_MARK)] == _TAR_MARK


def is_zip(data: bytes) -> bool:
    """Return whether a file begins as a zip archive does."""
    return data.startswith(_ZIP_MAGICS)


def is_ar(data: bytes) -> bool:
    """Return whether a file begins as an ar archive does: a static library or a .deb."""
    return data.startswith(AR_MAGIC)


def compression_of(data: bytes) -> str:
    """Return the suffix that says how bytes are compressed, "" if they are not."""
    return next((name for magic, name in _MAGICS if data.startswith(magic)), "")
