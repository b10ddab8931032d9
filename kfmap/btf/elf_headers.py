"""Read the headers of a 64-bit ELF file of either byte order: the file's own and its sections'."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple, TypeAlias

from kfmap.btf.layout import BtfError

FileBytes: TypeAlias = "bytes | mmap"  # slices of either are bytes; a map reads only these

HEADER_SIZE = 64  # Elf64_Ehdr
NO_BITS = 8  # SHT_NOBITS
_ENTRY_SIZE = 64  # Elf64_Shdr
_ENTRY = "{}IIQ8xQQII16x"  # less its address, alignment and size of entries
_EXTENDED = 0xFFFF  # SHN_XINDEX: the number is in the first section header
_MAX_SECTIONS = 1 << 20


class MissingSectionError(BtfError):
    """The file is whole and has no such section, or none of its bytes."""


class SectionHeader(NamedTuple):
    """What the header of a section says, in the words and numbers of elf(5)."""

    name: int
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int


class ElfHeader(NamedTuple):
    """What the header of a file says.

    `mark` is the byte order as `struct` has it, `table` where the section headers begin, `names`
    the number of the section with the names of sections.
    """

    mark: str
    type: int
    machine: int
    table: int
    section_count: int
    names: int

    def section(self, data: FileBytes, number: int) -> SectionHeader:
        """Return the header of a section that there is."""
        return _read_row(data, self.mark, self.table + number * _ENTRY_SIZE)

    def sections(self, data: FileBytes) -> Iterator[SectionHeader]:
        """Return the headers of all sections, in their order."""
        end = self.table + self.section_count * _ENTRY_SIZE
        rows = struct.iter_unpack(_ENTRY.format(self.mark), data[self.table : end])
        return itertools.starmap(SectionHeader, rows)


def read_header(data: FileBytes) -> ElfHeader:
    """Read the header of a file whose section headers are all there.

    Raises MissingSectionError where it has none, BtfError where it is something else or damaged.
    """
    if len(data) < HEADER_SIZE:
        raise BtfError(
            f"ELF file of {len(data)} bytes is truncated inside its header: copy it again"
        )
    if data[4] != 2 or data[5] not in (1, 2):
        raise BtfError("not a 64-bit ELF file: only 64-bit kernels and objects can be read")
    mark = "<" if data[5] == 1 else ">"
    kind, machine = struct.unpack_from(f"{mark}2H", data, 16)
    (table,) = struct.unpack_from(f"{mark}Q", data, 40)
    entry_size, count, names = struct.unpack_from(f"{mark}3H", data, 58)
    if not table:
        raise MissingSectionError("ELF file has no section headers: use an unstripped file")
    if entry_size != _ENTRY_SIZE:
        raise BtfError(f"ELF section headers of {entry_size} bytes, expected {_ENTRY_SIZE}")
    first = _read_row(data, mark, table)
    count = count or first.size
    names = first.link if names == _EXTENDED else names
    if count > _MAX_SECTIONS:
        raise BtfError(f"ELF file says that it has {count} sections: it is damaged")
    if table + count * _ENTRY_SIZE > len(data):
        raise BtfError(say_truncated("section headers", table + count * _ENTRY_SIZE, data))
    if names >= count:
        raise BtfError("the names of the ELF file's sections are in none of them: it is damaged")
    return ElfHeader(mark, kind, machine, table, count, names)


def say_truncated(what: str, end: int, data: FileBytes) -> str:
    """Return the error that a part of the file is not there, with what to do."""
    return (
        f"ELF file is truncated: {what} should end at byte {end}, the file has {len(data)}; "
        "copy it again"
    )


def _read_row(data: FileBytes, mark: str, at: int) -> SectionHeader:
    if at + _ENTRY_SIZE > len(data):
        raise BtfError(say_truncated("section headers", at + _ENTRY_SIZE, data))
    return SectionHeader(*struct.unpack_from(_ENTRY.format(mark), data, at))
