"""Read one section of a 64-bit ELF file by its name, as far as BTF needs it (elf(5))."""

from __future__ import annotations

import struct
import zlib
from mmap import mmap
from typing import NamedTuple, TypeAlias

import zstandard

from kfmap.btf.layout import BtfError

FileBytes: TypeAlias = "bytes | mmap"  # slices of either are bytes; a map reads only these

_HEADER_SIZE = 64
_ENTRY_SIZE = 64
_EXTENDED = 0xFFFF  # SHN_XINDEX: the number is in the first section header
_MAX_SECTIONS = 1 << 20
_NOBITS = 8
_COMPRESSED = 0x800
_COMPRESSION_HEADER = 24  # Elf64_Chdr
_ZLIB, _ZSTD = 1, 2  # ELFCOMPRESS_*
_MAX_SECTION = 512 << 20


class MissingSectionError(BtfError):
    """The file is whole and has no such section, or none of its bytes."""


class _Section(NamedTuple):
    name: int
    type: int
    flags: int
    offset: int
    size: int
    link: int


def read_section(data: FileBytes, name: str) -> bytes:
    """Return the bytes of the first section called `name`, unpacked where it is compressed.

    Raises MissingSectionError where there is no such section, BtfError where the file is damaged.
    """
    mark, table, count, strings_index = _read_header(data, name)
    names = _bytes_of(
        data, mark, _section(data, mark, table + strings_index * _ENTRY_SIZE), "names"
    )
    wanted = name.encode() + b"\0"
    for at in range(table, table + count * _ENTRY_SIZE, _ENTRY_SIZE):
        (start,) = struct.unpack_from(f"{mark}I", data, at)
        if names[start : start + len(wanted)] == wanted:
            return _bytes_of(data, mark, _section(data, mark, at), name)
    raise MissingSectionError(
        f"ELF file has no section {name}: a kernel has it with CONFIG_DEBUG_INFO_BTF, "
        "an object when it is compiled with -g"
    )


def _read_header(data: FileBytes, name: str) -> tuple[str, int, int, int]:
    """Return the byte order, where section headers begin, how many, and which has the names."""
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
        raise MissingSectionError(
            f"ELF file has no section headers, so no {name}: use an unstripped file"
        )
    if entry_size != _ENTRY_SIZE:
        raise BtfError(f"ELF section headers of {entry_size} bytes, expected {_ENTRY_SIZE}")
    first = _section(data, mark, table)
    count = count or first.size
    strings_index = first.link if strings_index == _EXTENDED else strings_index
    if count > _MAX_SECTIONS:
        raise BtfError(f"ELF file says that it has {count} sections: it is damaged")
    if table + count * _ENTRY_SIZE > len(data):
        raise BtfError(_truncated("section headers", table + count * _ENTRY_SIZE, data))
    if strings_index >= count:
        raise BtfError("the names of the ELF file's sections are in none of them: it is damaged")
    return mark, table, count, strings_index


def _section(data: FileBytes, mark: str, at: int) -> _Section:
    if at + _ENTRY_SIZE > len(data):
        raise BtfError(_truncated("section headers", at + _ENTRY_SIZE, data))
    name, kind, flags, _, offset, size, link = struct.unpack_from(f"{mark}IIQQQQI", data, at)
    return _Section(name, kind, flags, offset, size, link)


def _bytes_of(data: FileBytes, mark: str, section: _Section, what: str) -> bytes:
    if section.type == _NOBITS:
        raise MissingSectionError(
            f"section {what} has no bytes in this file, for it has only what a debugger needs "
            "besides the kernel: use the kernel's own image, or /sys/kernel/btf/vmlinux of a "
            "machine that runs it"
        )
    if section.offset + section.size > len(data):
        raise BtfError(_truncated(f"section {what}", section.offset + section.size, data))
    if section.size > _MAX_SECTION:
        raise BtfError(f"section {what} has more than {_MAX_SECTION >> 20} MB: not a kernel's")
    found = data[section.offset : section.offset + section.size]
    return _unpack(found, mark, what) if section.flags & _COMPRESSED else found


def _unpack(packed: bytes, mark: str, what: str) -> bytes:
    """Unpack a section with SHF_COMPRESSED, as objcopy --compress-debug-sections makes it."""
    if len(packed) < _COMPRESSION_HEADER:
        raise BtfError(f"section {what} is compressed and too short to say how: it is damaged")
    kind, _, size = struct.unpack_from(f"{mark}IIQ", packed)
    body = packed[_COMPRESSION_HEADER:]
    if size > _MAX_SECTION or kind not in (_ZLIB, _ZSTD):
        raise BtfError(
            f"section {what} is compressed in a way (number {kind}, {size} bytes) that is not read"
        )
    try:
        if kind == _ZLIB:
            unpacked = zlib.decompressobj().decompress(body, size or 1)
        else:
            unpacked = zstandard.ZstdDecompressor().stream_reader(body).read(size)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BtfError(f"section {what} is compressed and cannot be unpacked: {error}") from error
    if len(unpacked) != size:
        raise BtfError(
            f"section {what} unpacks to {len(unpacked)} bytes, not to the {size} it says"
        )
    return unpacked


def _truncated(what: str, end: int, data: FileBytes) -> str:
    return (
        f"ELF file is truncated: {what} should end at byte {end}, the file has {len(data)}; "
        "copy it again"
    )
