"""Find BPF objects in skeleton headers, which hold them as the text of a C string.

Mirrors print_hex() and codegen() of tools/bpf/bpftool/gen.c: `\\0` for a zero, `\\x7f` for any
other byte, a backslash before each end of line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_START = rb"\x7f\x45\x4c\x46"
_LINE_END = re.compile(rb"\\\r?\n")
# Possessive: to be able to go back, the search would keep 170 bytes for each byte of the object.
_TEXT = re.compile(rb"(?:\\x[0-9a-fA-F]{2}|\\0|\\\r?\n)++")
_NAME = re.compile(rb"(\w+?)(?:_bpf)?__elf_bytes\(|\bs->name = \"(\w+?)(?:_bpf)?\"")
_BEFORE = 65_536  # bytes before the string that may have the object's name


def looks_like_skeleton(data: bytes) -> bool:
    """Return whether a text holds the first bytes of an ELF file as escapes of C."""
    return _START in data


def find_in_skeleton(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Return name and bytes of each object in a skeleton; the name is "" where it has none."""
    at = data.find(_START)
    while at >= 0:
        found = _TEXT.match(data, at)
        end = found.end() if found else at + len(_START)
        if found:
            yield _name_before(data, at), _decode(found[0])
        at = data.find(_START, end)


def _decode(text: bytes) -> bytes:
    digits = _LINE_END.sub(b"", text).replace(b"\\0", b"00").replace(b"\\x", b"")
    return bytes.fromhex(digits.decode())


def _name_before(data: bytes, at: int) -> str:
    """Return the name that the skeleton gives the object last before its bytes."""
    names = _NAME.findall(data[max(0, at - _BEFORE) : at])
    return next((part.decode() for part in names[-1] if part), "") if names else ""
