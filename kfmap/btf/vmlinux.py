"""Find the BTF of a kernel in what people have: raw BTF, vmlinux, or an image of any architecture.

Where an image says where its payload is, that is read: x86 (Documentation/arch/x86/boot.rst) and
EFI zboot (drivers/firmware/efi/libstub/zboot-header.S). Any other (Image of arm64 and riscv64,
vmlinuz of s390x and ppc64el, a unified kernel image) is searched as scripts/extract-vmlinux does.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from kfmap.btf.elf import read_section
from kfmap.btf.elf_headers import FileBytes, MissingSectionError
from kfmap.btf.kinds import MAGIC
from kfmap.btf.layout import BtfError
from kfmap.btf.split import is_split
from kfmap.btf.unpacking import FORMATS, unpack, unpack_whole, unpacker_of

_MAX_LAYERS = 3
_MAX_TRIES = 48  # streams in one file that are tried; most marks are there by chance
_MAX_BTF = 256 << 20
_MAX_SEARCHED = 256 << 20  # an image is smaller; debug information is not looked through
_MAGICS = (struct.pack("<H", MAGIC), struct.pack(">H", MAGIC))
_HEADERS = re.compile(rb"\x9f\xeb\x01\0[\x18-\x40]\0\0\0|\xeb\x9f\x01\0\0\0\0[\x18-\x40]", re.S)
_STREAMS = re.compile(
    b"|".join(re.escape(magic) for magic, _ in FORMATS if magic != b"\x5d\0\0")
    # a header of lzma says how long the kernel is: less than 1 GB, or not at all
    + rb"|\x5d\0\0[\0-\xff]{2}(?:[\0-\xff]{3}[\0-\x3f]\0{4}|\xff{8})"
)
_ELF = b"\x7fELF"
_KINDS = (
    (0x202, b"HdrS", "an image of x86"),
    (0x38, b"ARM\x64", "an Image of arm64"),
    (0x38, b"RSC\x05", "an Image of riscv64"),
    (0, b"\x27\x05\x19\x56", "an image for U-Boot"),
    (0, b"MZ", "an EFI image"),
)


def extract_btf(data: FileBytes) -> bytes:
    """Return the raw BTF of `data`: raw BTF itself, an ELF file's .BTF section, or an image's.

    Raises BtfError where there is none in it, or where it cannot be unpacked.
    """
    return _extract(data, 0)


def _extract(data: FileBytes, layer: int) -> bytes:
    if data[:2] in _MAGICS:
        return _whole(data)
    if layer > _MAX_LAYERS:
        raise BtfError(f"the file is packed more than {_MAX_LAYERS} times: unpack it first")
    if data[:4] == _ELF:
        return _extract_from_elf(data, layer)
    payload = _payload(data)
    if payload is not None:
        start, end = payload
        inner = data[start:end]
        return _extract(unpack(inner) if unpacker_of(inner[:16]) else inner, layer + 1)
    if unpacker_of(data[:16]):
        return _extract(unpack_whole(data), layer + 1)
    found = _search(data, layer)
    if found is None:
        raise BtfError(_nothing_in(data, layer))
    return found


def _whole(data: FileBytes) -> bytes:
    if len(data) > _MAX_BTF:
        raise BtfError(f"BTF of {len(data) >> 20} MB: no kernel has more than {_MAX_BTF >> 20} MB")
    return data[:]


def _extract_from_elf(data: FileBytes, layer: int) -> bytes:
    """Return the section .BTF, or that of a kernel which the file is a loader of (ppc64el)."""
    try:
        return read_section(data, ".BTF")
    except MissingSectionError as error:
        found = _search(data, layer)
        if found is None:
            raise error
        return found


def _payload(data: FileBytes) -> tuple[int, int] | None:
    """Return start and end of the kernel inside an image that says where it is."""
    if data[0x202:0x206] == b"HdrS" and len(data) > 0x250:
        sectors = data[0x1F1] or 4
        offset, length = struct.unpack_from("<II", data, 0x248)
        start = (sectors + 1) * 512 + offset
    elif data[:2] == b"MZ" and data[4:8] == b"zimg" and len(data) > 16:
        start, length = struct.unpack_from("<II", data, 8)
    else:
        return None
    if not length:  # boot protocols before 2.08 do not say
        return None
    if start + length > len(data):
        raise BtfError(
            f"kernel image is truncated: its payload should end at byte {start + length}, "
            f"the file has {len(data)}; copy it again"
        )
    return start, start + length


def _search(data: FileBytes, layer: int) -> bytes | None:
    """Return the BTF that lies in a file as it is, or in something that is packed in it."""
    if bare := max(_find_bare(data), key=len, default=None):
        return bare
    for at in _find_streams(data):
        try:
            return _extract(unpack(data, at), layer + 1)
        except BtfError:  # a mark by chance, or something else that the image carries
            continue
    return None


def _find_bare(data: FileBytes) -> Iterator[bytes]:
    """Return each BTF of a kernel in a file: one that is whole, and not a module's."""
    for count, found in enumerate(_HEADERS.finditer(data, 0, _MAX_SEARCHED)):
        if count >= _MAX_TRIES:
            return
        start = found.start()
        end = _end_of(data, start)
        if end is None or end > len(data) or end - start > _MAX_BTF:
            continue
        candidate = data[start:end]
        try:
            if not is_split(candidate):
                yield candidate
        except BtfError:
            continue


def _end_of(data: FileBytes, start: int) -> int | None:
    """Return where BTF ends by its header, None where that is no header."""
    if start + 24 > len(data):
        return None
    mark = "<" if data[start] == 0x9F else ">"
    size, _, types, at, strings = map(int, struct.unpack_from(f"{mark}5I", data, start + 4))
    return start + size + max(types, at + strings)


def _find_streams(data: FileBytes) -> Iterator[int]:
    for count, found in enumerate(_STREAMS.finditer(data, 0, _MAX_SEARCHED)):
        if count >= _MAX_TRIES:
            return
        yield found.start()


def _nothing_in(data: FileBytes, layer: int) -> str:
    """Return what the file is, and that no BTF is in it."""
    kind = next((name for at, mark, name in _KINDS if data[at : at + len(mark)] == mark), "")
    if kind:
        return (
            f"{kind}, and no BTF is in it: the kernel was built without CONFIG_DEBUG_INFO_BTF, "
            "or is packed in a way that is not known"
        )
    if not len(data):
        return "the packed file is empty" if layer else "the file is empty"
    return (
        "neither BTF, ELF nor a known kernel image, and nothing packed in it is one "
        f"(it starts with {data[:4].hex()}): give vmlinux, vmlinuz or /sys/kernel/btf/vmlinux"
    )
