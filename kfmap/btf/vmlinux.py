"""Find the BTF of a kernel in what people have: raw BTF, vmlinux, or a compressed kernel image.

Reads the images of x86 (Documentation/arch/x86/boot.rst), EFI zboot images
(drivers/firmware/efi/libstub/zboot-header.S), and plainly packed files.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator

import zstandard

from kfmap.btf.elf import read_section
from kfmap.btf.kinds import MAGIC
from kfmap.btf.read import BtfError

MAX_UNPACKED = 512 << 20
_CHUNK = 1 << 20
_MAX_LAYERS = 3
_MAGICS = (struct.pack("<H", MAGIC), struct.pack(">H", MAGIC))


def extract_btf(data: bytes) -> bytes:
    """Return the raw BTF of `data`: raw BTF itself, an ELF file's .BTF section, or an image's.

    Raises BtfError where there is none in it, or where it cannot be unpacked.
    """
    for _ in range(_MAX_LAYERS):
        if data[:2] in _MAGICS:
            return data
        if data.startswith(b"\x7fELF"):
            return read_section(data, ".BTF")
        payload = _payload(data)
        unpack = _find_format(payload)
        if unpack is None:
            raise BtfError(
                f"neither BTF, ELF nor a known kernel image (it starts with {data[:4].hex()}): "
                "give vmlinux, vmlinuz or /sys/kernel/btf/vmlinux"
            )
        data = _bounded(unpack(payload))
    raise BtfError(f"the file is packed more than {_MAX_LAYERS} times: unpack it first")


def _payload(data: bytes) -> bytes:
    """Return the packed kernel inside an image, or all of `data`."""
    if data[0x202:0x206] == b"HdrS" and len(data) > 0x250:
        sectors = data[0x1F1] or 4
        offset, length = struct.unpack_from("<II", data, 0x248)
        start = (sectors + 1) * 512 + offset
    elif data[:2] == b"MZ" and data[4:8] == b"zimg" and len(data) > 16:
        start, length = struct.unpack_from("<II", data, 8)
    else:
        return data
    if start + length > len(data):
        raise BtfError(
            f"kernel image is truncated: its payload should end at byte {start + length}, "
            f"the file has {len(data)}; copy it again"
        )
    return data[start : start + length]


def _gunzip(data: bytes) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    while data and not decompressor.eof:
        yield decompressor.decompress(data, _CHUNK)
        data = decompressor.unconsumed_tail


def _chunks(
    decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor, data: bytes
) -> Iterator[bytes]:
    yield decompressor.decompress(data, _CHUNK)
    while not decompressor.eof and not decompressor.needs_input:
        yield decompressor.decompress(b"", _CHUNK)


def _unzstd(data: bytes) -> Iterator[bytes]:
    return zstandard.ZstdDecompressor().read_to_iter(data, write_size=_CHUNK)


def _refuse(packer: str) -> Callable[[bytes], Iterator[bytes]]:
    def unpack(_: bytes) -> Iterator[bytes]:
        raise BtfError(
            f"kernel is packed with {packer}: unpack it, or give /sys/kernel/btf/vmlinux"
        )

    return unpack


_FORMATS: tuple[tuple[bytes, Callable[[bytes], Iterator[bytes]]], ...] = (
    (b"\x1f\x8b\x08", _gunzip),
    (b"\xfd7zXZ\0", lambda data: _chunks(lzma.LZMADecompressor(lzma.FORMAT_XZ), data)),
    (b"\x5d\0\0", lambda data: _chunks(lzma.LZMADecompressor(lzma.FORMAT_ALONE), data)),
    (b"BZh", lambda data: _chunks(bz2.BZ2Decompressor(), data)),
    (b"\x28\xb5\x2f\xfd", _unzstd),
    (b"\x02\x21\x4c\x18", _refuse("lz4")),
    (b"\x04\x22\x4d\x18", _refuse("lz4")),
    (b"\x89LZO\0\r\n\x1a\n", _refuse("lzo")),
)


def _find_format(data: bytes) -> Callable[[bytes], Iterator[bytes]] | None:
    return next((unpack for magic, unpack in _FORMATS if data.startswith(magic)), None)


def _bounded(chunks: Iterator[bytes]) -> bytes:
    unpacked = bytearray()
    try:
        for chunk in chunks:
            unpacked += chunk
            if len(unpacked) > MAX_UNPACKED:
                raise BtfError(f"kernel unpacks to more than {MAX_UNPACKED >> 20} MB: not a kernel")
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError) as error:
        raise BtfError(
            f"packed kernel cannot be unpacked after {len(unpacked)} bytes: {error}"
        ) from error
    return bytes(unpacked)
