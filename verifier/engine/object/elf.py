"""Read the ELF container: sections, symbols and relocations as plain tuples, in one pass (elf(5)).

Only what a relocatable object for BPF has, of either byte order.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from verifier.engine.object.limits import Limits, check_limit
from verifier.engine.object.model import ObjectError

_HEADER_SIZE = 64
_SYMBOL_SIZE = 24
_RELOCATION_SIZE = 16
_MAX_NAME = 4096
_EXECUTABLE = 0x4  # SHF_EXECINSTR
_LOCAL = 0  # STB_LOCAL
_BINDINGS = {1: "global", 2: "weak"}
_HIDDEN = (1, 2)  # STV_INTERNAL, STV_HIDDEN

NO_TYPE, OBJECT, FUNCTION, SECTION = range(4)  # STT_*
_FIRST_RESERVED = 0xFF00  # SHN_LORESERVE

_RELOCATABLE, _BPF, _NO_MACHINE = 1, 247, 0  # ET_REL, EM_BPF, EM_NONE
_KINDS = {0: "ET_NONE", 2: "ET_EXEC", 3: "ET_DYN", 4: "ET_CORE"}
_MACHINES = {
    3: "EM_386",
    8: "EM_MIPS",
    20: "EM_PPC",
    21: "EM_PPC64",
    22: "EM_S390",
    40: "EM_ARM",
    62: "EM_X86_64",
    183: "EM_AARCH64",
    224: "EM_AMDGPU",
    243: "EM_RISCV",
    258: "EM_LOONGARCH",
}
_SECTION_TYPES = {
    0: "SHT_NULL",
    1: "SHT_PROGBITS",
    2: "SHT_SYMTAB",
    3: "SHT_STRTAB",
    4: "SHT_RELA",
    5: "SHT_HASH",
    6: "SHT_DYNAMIC",
    7: "SHT_NOTE",
    8: "SHT_NOBITS",
    9: "SHT_REL",
    11: "SHT_DYNSYM",
    17: "SHT_GROUP",
}
_ELSEWHERE = 0xFFFF  # SHN_XINDEX: the number is in the first section header
_HEADER = "HHIQQQIHHHHHH"  # struct Elf64_Ehdr after e_ident
_SECTION = "IIQQQQIIQQ"  # struct Elf64_Shdr
_SECTION_SIZE = struct.calcsize("<" + _SECTION)

# R_BPF_* (llvm/BinaryFormat/ELFRelocs/BPF.def)
RELOCATION_TYPES = {
    0: "R_BPF_NONE",
    1: "R_BPF_64_64",
    2: "R_BPF_64_ABS64",
    3: "R_BPF_64_ABS32",
    4: "R_BPF_64_NODYLD32",
    10: "R_BPF_64_32",
}


class _Row(NamedTuple):
    """A section header as it stands."""

    name: int
    type: str
    flags: int
    offset: int
    size: int
    link: int
    info: int


class Section(NamedTuple):
    """A section header; `type` in the words of the standard, `contents` empty for SHT_NOBITS."""

    number: int
    name: str
    type: str
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
    """Read a relocatable 64-bit BPF file of either byte order."""
    _check_start(data, limits)
    mark = "<" if data[5] == 1 else ">"
    kind, machine, *_, start, _, _, _, _, size, count, names_index = struct.unpack_from(
        mark + _HEADER, data, 16
    )
    _check_machine(machine, kind)
    rows = _section_headers(data, mark, (start, size, count), limits)
    if names_index == _ELSEWHERE and rows:
        names_index = rows[0].link
    sections = _read_sections(data, rows, names_index)
    symbols = _read_symbols(sections, mark, limits)
    little_endian = mark == "<"
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
    if len(data) < _HEADER_SIZE:
        raise ObjectError(f"truncated inside the ELF header ({len(data)} bytes): copy it again")
    if data[4] != 2:
        raise ObjectError("a 32-bit ELF file: BPF objects are 64-bit, build with -target bpf")
    if data[5] not in (1, 2):
        raise ObjectError(
            f"an ELF file of byte order {data[5]}, which does not exist: the file is damaged, "
            "copy or build it again"
        )


def _check_machine(machine: int, kind: int) -> None:
    if machine not in (_BPF, _NO_MACHINE):  # the first compilers had no number for BPF
        name = _MACHINES.get(machine, f"machine {machine}")
        raise ObjectError(f"an object for {name}, not for BPF: build with -target bpf")
    if kind != _RELOCATABLE:
        name = _KINDS.get(kind, str(kind))
        raise ObjectError(f"an ELF file of type {name}: only relocatable objects (ET_REL) are BPF")


def _section_headers(
    data: bytes, mark: str, place: tuple[int, int, int], limits: Limits
) -> list[_Row]:
    """Return the section headers; `place`: where they are, bytes of one, how many."""
    start, size, count = place
    form = struct.Struct(mark + _SECTION)
    if not start or size < _SECTION_SIZE:
        return []
    if not count and start + _SECTION_SIZE <= len(data):  # more than fit into the number
        count = form.unpack_from(data, start)[5]
    check_limit("sections", count, limits.sections)
    if start + count * size > len(data):
        raise ObjectError(
            f"truncated: the section headers should end at byte {start + count * size}, the file "
            f"has {len(data)}; copy it again"
        )
    return [_row(form.unpack_from(data, start + at * size)) for at in range(count)]


def _row(fields: tuple[int, ...]) -> _Row:
    name, kind, flags, _, offset, size, link, info, _, _ = fields
    return _Row(name, _SECTION_TYPES.get(kind, hex(kind)), flags, offset, size, link, info)


def _read_sections(data: bytes, rows: list[_Row], names_index: int) -> tuple[Section, ...]:
    if not 0 < names_index < len(rows):
        raise ObjectError(
            f"section names should be in section {names_index} of {len(rows)}: the section table "
            "is missing or damaged, build it again"
        )
    view = memoryview(data)
    names = Names(_contents(view, rows[names_index], f"section {names_index}"))
    sections = tuple(_read_section(view, names, index, row) for index, row in enumerate(rows))
    if sum(len(section.contents) for section in sections) > len(view):
        raise ObjectError("sections overlap: the file is damaged, build it again")
    return sections


def _read_section(view: memoryview, names: Names, index: int, row: _Row) -> Section:
    name = names.at(row.name, f"section {index}")
    contents = _contents(view, row, f"section {index} ({name})")
    executable = bool(row.flags & _EXECUTABLE)
    return Section(index, name, row.type, executable, row.size, row.link, row.info, contents)


def _contents(view: memoryview, row: _Row, what: str) -> memoryview:
    if row.type in ("SHT_NOBITS", "SHT_NULL"):
        return view[:0]
    start, size = row.offset, row.size
    if start + size > len(view):
        raise ObjectError(
            f"truncated: {what} should end at byte {start + size}, the file has {len(view)}; "
            "copy it again"
        )
    return view[start : start + size]


class Names:
    """A string table; every offset is decoded once, and not more than a genuine table has."""

    def __init__(self, table: memoryview) -> None:
        self._table = bytes(table)
        self._known: dict[int, str] = {0: ""}
        self._budget = 4 * len(table) + 65536

    def at(self, offset: int, what: str) -> str:
        known = self._known.get(offset)
        if known is not None:
            return known
        end = self._table.find(b"\0", offset, offset + _MAX_NAME)
        if end < 0:
            raise ObjectError(
                f"{what}: its name at byte {offset} of the string table does not end within "
                f"{_MAX_NAME} bytes; the file is damaged, build it again"
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
    tables = [section for section in sections if section.type == "SHT_SYMTAB"]
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
                names.at(name, f"symbol {len(symbols)}"),
                value,
                size,
                info & 0xF,
                info >> 4 == _LOCAL,
                info >> 4 == 2,
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
        if section.type != "SHT_REL" or section.name.startswith((".rel.debug_", ".rel.BTF")):
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
