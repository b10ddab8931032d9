"""Read one section of a 64-bit ELF file by its name, as far as BTF needs it (elf(5))."""

from __future__ import annotations

import struct
import zlib

import zstandard

from kfmap.btf.elf_headers import (
    NO_BITS,
    FileBytes,
    MissingSectionError,
    SectionHeader,
    read_header,
    say_truncated,
)
from kfmap.btf.layout import BtfError

_COMPRESSED = 0x800
_COMPRESSION_HEADER = 24  # Elf64_Chdr
_ZLIB, _ZSTD = 1, 2  # ELFCOMPRESS_*
_MAX_SECTION = 512 << 20


def read_section(data: FileBytes, name: str) -> bytes:
    """Return the bytes of the first section called `name`, unpacked where it is compressed.

    Raises MissingSectionError where there is no such section, BtfError where the file is damaged.
    """
    header = read_header(data)
    names = _bytes_of(data, header.mark, header.section(data, header.names), "names")
    wanted = name.encode() + b"\0"
    for section in header.sections(data):
        if names[section.name : section.name + len(wanted)] == wanted:
            return _bytes_of(data, header.mark, section, name)
    raise MissingSectionError(
        f"ELF file has no section {name}: a kernel has it with CONFIG_DEBUG_INFO_BTF, "
        "an object when it is compiled with -g"
    )


def _bytes_of(data: FileBytes, mark: str, section: SectionHeader, what: str) -> bytes:
    if section.type == NO_BITS:
        raise MissingSectionError(
            f"section {what} has no bytes in this file, for it has only what a debugger needs "
            "besides the kernel: use the kernel's own image, or /sys/kernel/btf/vmlinux of a "
            "machine that runs it"
        )
    if section.offset + section.size > len(data):
        raise BtfError(say_truncated(f"section {what}", section.offset + section.size, data))
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
