"""Read an ELF file in one pass: sections, symbols and relocations as plain tuples (elf(5))."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kfmap.btf.elf_headers import HEADER_SIZE, NO_BITS, ElfHeader, SectionHeader, read_header
from kfmap.btf.layout import BtfError
from kfmap.quick_dataclass import dataclass
from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import ObjectError

_SYMBOL_SIZE = 24
_RELOCATION_SIZE = 16
_MAX_NAME = 4096
_RELOCATABLE = 1  # ET_REL
_NO_MACHINE, _BPF = 0, 247  # the first compilers had no number for BPF
_EXECUTABLE = 0x4  # SHF_EXECINSTR
_LOCAL, _WEAK = 0, 2  # STB_LOCAL, STB_WEAK
_HIDDEN = (1, 2)  # STV_INTERNAL, STV_HIDDEN

NO_TYPE, OBJECT, FUNCTION, SECTION = range(4)  # STT_*
_FIRST_RESERVED = 0xFF00  # SHN_LORESERVE

# R_BPF_* (llvm/BinaryFormat/ELFRelocs/BPF.def)
RELOCATION_TYPES = {
    0: "R_BPF_NONE",
    1: "R_BPF_64_64",
    2: "R_BPF_64_ABS64",
    3: "R_BPF_64_ABS32",
    4: "R_BPF_64_NODYLD32",
    10: "R_BPF_64_32",
}


# SHT_*, those that matter here
NULL, PROGRAM, SYMBOLS, STRINGS, RELOCATIONS = 0, 1, 2, 3, 9
_WITHOUT_CONTENTS = (NO_BITS, NULL)


class Section(NamedTuple):
    """A section header; `type` is its SHT_*, `contents` empty for NO_BITS."""

    number: int
    name: str
    type: int
    executable: bool
    size: int
    link: int
    target: int
    contents: memoryview


class Symbol(NamedTuple):
    """A symbol; `section` is 0 if undefined, -1 if special (absolute, common)."""

    name: str
    value: int
    size: int
    type: int
    local: bool
    weak: bool
    hidden: bool
    section: int


class Relocations(NamedTuple):
    """Columns: bytes from the start of the section that is relocated, and symbol << 32 | type."""

    offsets: array[int]
    infos: array[int]


@dataclass(frozen=True, slots=True)
class Elf:
    """`relocations` are by the index of the section they change."""

    little_endian: bool
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    relocations: dict[int, Relocations]

    def relocated(self, section: Section) -> Iterator[tuple[int, Symbol]]:
        """Return offset and symbol of each relocation of a section."""
        found = self.relocations.get(section.number)
        for offset, info in zip(found.offsets, found.infos, strict=True) if found else ():
            yield offset, self.symbols[info >> 32]


def read_elf(data: bytes, limits: Limits) -> Elf:
    """Read a relocatable 64-bit BPF file of either byte order.

    Raises ObjectError where the bytes are something else, or damaged.
    """
    _check_start(data, limits)
    try:
        header = read_header(data)
        check_limit("sections", header.section_count, limits.sections)
        rows = list(header.sections(data))
    except BtfError as error:
        raise ObjectError(
            f"the ELF headers cannot be read: the file is damaged, copy or build it again ({error})"
        ) from error
    _check_machine(header)
    sections = _read_sections(data, rows, header.names)
    symbols = _read_symbols(sections, header.mark, limits)
    little_endian = header.mark == "<"
    relocations = _relocations(sections, len(symbols), little_endian, limits)
    return Elf(little_endian, sections, symbols, relocations)


def _check_start(data: bytes, limits: Limits) -> None:
    check_limit("bytes", len(data), limits.size)
    if not data:
        raise ObjectError("the file is empty: upload the .bpf.o that clang wrote")
    if data[:4] != b"\x7fELF":
        raise ObjectError(
            f"not an ELF file (it starts with {data[:4].hex()}): upload the .bpf.o that clang wrote"
        )
    if len(data) < HEADER_SIZE:
        raise ObjectError(f"truncated inside the ELF header ({len(data)} bytes): copy it again")
    if data[4] != 2:
        raise ObjectError("a 32-bit ELF file: BPF objects are 64-bit, build with -target bpf")


def _check_machine(header: ElfHeader) -> None:
    if header.machine not in (_BPF, _NO_MACHINE):
        machine = _name_number("E_MACHINE", header.machine)
        raise ObjectError(f"an object for {machine}, not for BPF: build with -target bpf")
    if header.type != _RELOCATABLE:
        kind = _name_number("E_TYPE", header.type)
        raise ObjectError(f"an ELF file of type {kind}: only relocatable objects (ET_REL) are BPF")


def _name_number(table: str, number: int) -> str:
    """Return the name that a number has in a table of the standard, the number where none."""
    from elftools.elf import enums  # many names, and only for files that are refused

    names = getattr(enums, f"ENUM_{table}").items()
    return next((name for name, value in names if value == number), str(number))


def _read_sections(
    data: bytes, rows: Sequence[SectionHeader], names_index: int
) -> tuple[Section, ...]:
    if not 0 < names_index < len(rows):
        raise ObjectError(
            f"section names should be in section {names_index} of {len(rows)}: the section table "
            "is missing or damaged, build it again"
        )
    view = memoryview(data)
    names = Names(_contents(view, rows[names_index], names_index, ""))
    sections, held = [], 0
    for index, row in enumerate(rows):
        name = names.at(row.name, "section", index)
        contents = _contents(view, row, index, name)
        held += len(contents)
        executable = row.flags & _EXECUTABLE != 0
        sections.append(
            Section(index, name, row.type, executable, row.size, row.link, row.info, contents)
        )
    if held > len(view):
        raise ObjectError("sections overlap: the file is damaged, build it again")
    return tuple(sections)


def _contents(view: memoryview, row: SectionHeader, index: int, name: str) -> memoryview:
    if row.type in _WITHOUT_CONTENTS:
        return view[:0]
    start, end = row.offset, row.offset + row.size
    if end > len(view):
        what = f"section {index} ({name})" if name else f"section {index}"
        raise ObjectError(
            f"truncated: {what} should end at byte {end}, the file has {len(view)}; copy it again"
        )
    return view[start:end]


class Names:
    """A string table; every offset is decoded once, and not more than a genuine table has."""

    def __init__(self, table: memoryview) -> None:
        self._table = bytes(table)
        self._known: dict[int, str] = {0: ""}
        self._budget = 4 * len(table) + 65536

    def at(self, offset: int, what: str, number: int) -> str:
        """Return the name at an offset. Raises ObjectError naming what has it, and its number."""
        known = self._known.get(offset)
        if known is not None:
            return known
        end = self._table.find(b"\0", offset, offset + _MAX_NAME)
        if end < 0:
            raise ObjectError(
                f"{what} {number}: its name at byte {offset} of the string table does not end "
                f"within {_MAX_NAME} bytes; the file is damaged, build it again"
            )
        self._budget -= end - offset
        if self._budget < 0:
            raise ObjectError("names overlap so much that the string table is not genuine")
        name = self._table[offset:end].decode("utf-8", "backslashreplace")
        self._known[offset] = name
        return name


def _check_rows(section: Section, size: int) -> None:
    if len(section.contents) % size:
        raise ObjectError(
            f"section {section.number} ({section.name}) of {section.size} bytes does not hold "
            f"entries of {size} bytes: the file is damaged, build it again"
        )


def _read_symbols(sections: tuple[Section, ...], mark: str, limits: Limits) -> tuple[Symbol, ...]:
    tables = [section for section in sections if section.type == SYMBOLS]
    if len(tables) != 1:
        raise ObjectError(
            f"{len(tables)} symbol tables, expected one: keep the symbols (llvm-strip -g does)"
        )
    table = tables[0]
    check_limit("symbols", len(table.contents) // _SYMBOL_SIZE, limits.symbols)
    if not 0 < table.link < len(sections):
        raise ObjectError(f"symbol names should be in section {table.link}, which does not exist")
    _check_rows(table, _SYMBOL_SIZE)
    names = Names(sections[table.link].contents)
    symbols: list[Symbol] = []
    for name, info, other, place, value, size in struct.iter_unpack(
        f"{mark}IBBHQQ", table.contents
    ):
        if place >= _FIRST_RESERVED:
            place = -1
        elif place >= len(sections):
            raise ObjectError(f"symbol {len(symbols)} is in section {place}, which does not exist")
        symbols.append(
            Symbol(
                names.at(name, "symbol", len(symbols)),
                value,
                size,
                info & 0xF,
                info >> 4 == _LOCAL,
                info >> 4 == _WEAK,
                other & 3 in _HIDDEN,
                place,
            )
        )
    return tuple(symbols)


def _relocations(
    sections: tuple[Section, ...], symbols: int, little_endian: bool, limits: Limits
) -> dict[int, Relocations]:
    """Read all relocations but those of debug sections, which are the most and say nothing."""
    found: dict[int, Relocations] = {}
    total = 0
    for section in sections:
        if section.type != RELOCATIONS or section.name.startswith((".rel.debug_", ".rel.BTF")):
            continue
        if section.target >= len(sections):
            raise ObjectError(
                f"relocations {section.name} are for section {section.target}, which does not exist"
            )
        _check_rows(section, _RELOCATION_SIZE)
        total += len(section.contents) // _RELOCATION_SIZE
        check_limit("relocations", total, limits.relocations)
        numbers = array("Q", bytes(section.contents))
        if little_endian != (sys.byteorder == "little"):
            numbers.byteswap()
        known = found.setdefault(section.target, Relocations(array("Q"), array("Q")))
        known.offsets.extend(numbers[::2])
        known.infos.extend(numbers[1::2])
        highest = max(known.infos, default=0) >> 32
        if highest >= symbols:
            raise ObjectError(
                f"a relocation in {section.name} is against symbol {highest}, there are "
                f"{symbols}: the file is damaged, build it again"
            )
    return found
