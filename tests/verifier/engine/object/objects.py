"""The committed objects, and broken copies of them made byte by byte."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

from verifier.engine.object.model import BpfObject, Function, Program, Reference
from verifier.engine.object.read import read_object

OBJECTS = Path(__file__).parents[3] / "objects"
NAMES = tuple(sorted(path.name for path in OBJECTS.glob("*.o")))

# Fields of a section header (Elf64_Shdr): offset and size in bytes.
_FIELDS = {
    "name": (0, 4),
    "type": (4, 4),
    "flags": (8, 8),
    "offset": (24, 8),
    "size": (32, 8),
    "link": (40, 4),
    "info": (44, 4),
}


def object_bytes(name: str) -> bytes:
    return (OBJECTS / name).read_bytes()


@cache
def read(name: str) -> BpfObject:
    return read_object(object_bytes(name))


def function(read: BpfObject, name: str) -> Function:
    return next(item for item in read.functions if item.name == name)


def program(read: BpfObject, name: str) -> Program:
    return next(item for item in read.programs if item.name == name)


def references_of(read: BpfObject, name: str) -> list[tuple[int, Reference]]:
    """Return the references of a function by slot from its start."""
    wanted = function(read, name)
    return [
        (slot - wanted.start, reference)
        for (section, slot), reference in sorted(read.references.items())
        if section == wanted.section and 0 <= slot - wanted.start < wanted.count
    ]


class Patched:
    """A little-endian object to change: headers by name, contents by place."""

    def __init__(self, name: str) -> None:
        self.data = bytearray(object_bytes(name))
        (self.table,) = struct.unpack_from("<Q", self.data, 40)
        _, self.count, self.names = struct.unpack_from("<3H", self.data, 58)

    def header(self, section: str) -> int:
        """Return where the header of a section is."""
        start = self.field(self.table + 64 * self.names, "offset")
        for at in range(self.table, self.table + 64 * self.count, 64):
            name = start + self.field(at, "name")
            if self.data[name : self.data.index(0, name)].decode() == section:
                return at
        raise LookupError(section)

    def field(self, header: int, name: str) -> int:
        offset, size = _FIELDS[name]
        return int.from_bytes(self.data[header + offset : header + offset + size], "little")

    def set(self, section: str, name: str, value: int) -> Patched:
        offset, size = _FIELDS[name]
        at = self.header(section) + offset
        self.data[at : at + size] = value.to_bytes(size, "little")
        return self

    def place(self, section: str) -> tuple[int, int]:
        """Return start and size of the contents of a section."""
        header = self.header(section)
        return self.field(header, "offset"), self.field(header, "size")

    def put(self, section: str, offset: int, value: bytes) -> Patched:
        start, _ = self.place(section)
        self.data[start + offset : start + offset + len(value)] = value
        return self

    def symbol(self, name: str) -> int:
        """Return where in .symtab a symbol is."""
        start, size = self.place(".symtab")
        names, _ = self.place(".strtab")
        for at in range(start, start + size, 24):
            (offset,) = struct.unpack_from("<I", self.data, at)
            if self.data[names + offset : self.data.index(0, names + offset)].decode() == name:
                return at - start
        raise LookupError(name)
