"""The text of a file that somebody gave: UTF-8 or, with its mark, UTF-16."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE


def is_wide(data: bytes) -> bool:
    """Return whether bytes have the mark of UTF-16, which some shells write for `>`."""
    return data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)


def decode_bytes(data: bytes) -> str:
    """Return a text in UTF-8 or, with its mark, UTF-16; what is neither is replaced."""
    return data.decode("utf-16" if is_wide(data) else "utf-8", errors="replace")
