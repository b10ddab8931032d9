"""Find BPF objects within other bytes: executables, libraries, core files, static archives.

Skeletons of libbpf, libbpf-rs and bpf2go keep the object as clang wrote it, in one piece.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MAGIC = b"\x7fELF\x02"  # ELFCLASS64
_HEADER = 64
_HEADER_FIELDS = "HHIQQQIHHHHHH"  # from e_type on, at byte 16 (Elf64_Ehdr)
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SECTION_BIG = struct.Struct(">IIQQQQIIQQ")
_ET_REL, _EM_BPF, _SHT_STRTAB, _SHT_NOBITS = 1, 247, 3, 8
_MAX_SECTIONS = 20_000


def is_object(data: bytes | memoryview) -> bool:
    """Return whether bytes begin with a relocatable BPF file."""
    return _read_header(data, 0) is not None


def find_embedded(data: bytes) -> Iterator[tuple[int, int]]:
    """Return start and end of each BPF object in some bytes; none within another."""
    at = data.find(_MAGIC)
    while at >= 0:
        end = find_end(data, at)
        if end is not None:
            yield at, end
        at = data.find(_MAGIC, end if end is not None else at + 1)


def find_end(data: bytes | memoryview, start: int) -> int | None:
    """Return where a BPF object ends that starts there: the last byte of a section or its table.

    None where there is none, or not a whole one.
    """
    header = _read_header(data, start)
    if header is None:
        return None
    mark, table, count, names = header
    end = start + table + count * _SECTION.size
    if not 0 < count <= _MAX_SECTIONS or end > len(data):
        return None
    layout = _SECTION if mark == "<" else _SECTION_BIG
    for number in range(count):
        row = layout.unpack_from(data, start + table + number * layout.size)
        kind, offset, size = row[1], row[4], row[5]
        # a genuine table begins with a row of zeroes, and has the section of names it promises
        if (number == 0 and any(row)) or (number == names and kind != _SHT_STRTAB):
            return None
        if kind != _SHT_NOBITS:
            end = max(end, start + offset + size)
    return end if end <= len(data) and 0 < names < count else None


def _read_header(data: bytes | memoryview, start: int) -> tuple[str, int, int, int] | None:
    """Return byte order, place and number of section headers, and which of them has the names.

    None for what is no BPF object.
    """
    ident = bytes(data[start : start + 16])
    if len(data) - start < _HEADER or not ident.startswith(_MAGIC):
        return None
    mark = {1: "<", 2: ">"}.get(ident[5])
    if mark is None or ident[6] != 1:
        return None
    fields = struct.unpack_from(f"{mark}{_HEADER_FIELDS}", data, start + 16)
    kind, machine, table, size, count = fields[0], fields[1], fields[5], fields[10], fields[11]
    if (kind, machine, size) != (_ET_REL, _EM_BPF, _SECTION.size):
        return None
    return mark, table, count, fields[12]
