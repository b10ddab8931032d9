"""Read one section of a 64-bit ELF file by its name, as far as BTF needs it (elf(5))."""

from __future__ import annotations

import struct
from typing import NamedTuple

from kfmap.btf.read import BtfError

_HEADER_SIZE = 64
_ENTRY_SIZE = 64
_EXTENDED = 0xFFFF  # SHN_XINDEX: the number is in the first section header
_NOBITS = 8
_COMPRESSED = 0x800


class _Section(NamedTuple):
    name: int
    type: int
    flags: int
    offset: int
    size: int
    link: int


def read_section(data: bytes, name: str) -> bytes:
    """Return the bytes of the first section called `name`.

    Raises BtfError where the file is damaged or has no such section.
    """
    if len(data) < _HEADER_SIZE:
        raise BtfError(
            f"ELF file of {len(data)} bytes is truncated inside its header: copy it again"
        )
    if data[4] != 2 or data[5] not in (1, 2):
        raise BtfError("not a 64-bit ELF file: only 64-bit kernels and objects can be read")
    mark = "<" if data[5] == 1 else ">"
    (table,) = struct.unpack_from(f"{mark}Q", data, 40)
    entry_size, count, strings_index = struct.unpack_from(f"{mark}3H", data, 58)
    if not table:
        raise BtfError(f"ELF file has no section headers, so no {name}: use an unstripped file")
    if entry_size != _ENTRY_SIZE:
        raise BtfError(f"ELF section headers of {entry_size} bytes, expected {_ENTRY_SIZE}")
    first = _section(data, mark, table)
    count = count or first.size
    strings_index = first.link if strings_index == _EXTENDED else strings_index
    if table + count * _ENTRY_SIZE > len(data) or strings_index >= count:
        raise BtfError(_truncated("section headers", table + count * _ENTRY_SIZE, data))
    names = _bytes_of(data, _section(data, mark, table + strings_index * _ENTRY_SIZE), "names")
    wanted = name.encode()
    for at in range(table, table + count * _ENTRY_SIZE, _ENTRY_SIZE):
        section = _section(data, mark, at)
        if names[section.name : section.name + len(wanted) + 1] == wanted + b"\0":
            return _bytes_of(data, section, name)
    raise BtfError(
        f"ELF file has no section {name}: a kernel has it with CONFIG_DEBUG_INFO_BTF, "
        "an object when it is compiled with -g"
    )


def _section(data: bytes, mark: str, at: int) -> _Section:
    if at + _ENTRY_SIZE > len(data):
        raise BtfError(_truncated("section headers", at + _ENTRY_SIZE, data))
    name, kind, flags, _, offset, size, link = struct.unpack_from(f"{mark}IIQQQQI", data, at)
    return _Section(name, kind, flags, offset, size, link)


def _bytes_of(data: bytes, section: _Section, what: str) -> bytes:
    if section.type == _NOBITS:
        raise BtfError(
            f"section {what} has no bytes in this file (it is a debug file): use vmlinux"
        )
    if section.flags & _COMPRESSED:
        raise BtfError(
            f"section {what} is compressed: objcopy --decompress-debug-sections undoes it"
        )
    if section.offset + section.size > len(data):
        raise BtfError(_truncated(f"section {what}", section.offset + section.size, data))
    return data[section.offset : section.offset + section.size]


def _truncated(what: str, end: int, data: bytes) -> str:
    return (
        f"ELF file is truncated: {what} should end at byte {end}, the file has {len(data)}; "
        "copy it again"
    )
