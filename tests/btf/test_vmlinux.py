"""Kernel BTF is found in every form of a kernel that people have; what is broken is named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable

import lz4.block
import lz4.frame
import pytest
import zstandard
from lzallright import LZOCompressor

from kfmap.btf import unpacking
from kfmap.btf.read import BtfError
from kfmap.btf.split import is_split
from kfmap.btf.vmlinux import extract_btf
from tests.btf.btf_writer import BtfWriter
from tests.btf.elf_writer import write_elf

Packer = Callable[[bytes], bytes]


def _lz4_legacy(data: bytes) -> bytes:
    """Pack as `lz4 -l` does, which the kernel's Makefiles use (KERNEL_LZ4)."""
    blocks = [
        lz4.block.compress(data[at : at + (8 << 20)], store_size=False)
        for at in range(0, len(data), 8 << 20)
    ]
    return b"\x02\x21\x4c\x18" + b"".join(struct.pack("<I", len(b)) + b for b in blocks)


def _lzop(data: bytes) -> bytes:
    """Pack as lzop 1.04 does with its default options: a checksum of each block unpacked."""
    header = struct.pack(">HHHBBIIIIB", 0x1040, 0x20A0, 0x0940, 1, 5, 0x1, 0, 0, 0, 0)
    body = b""
    for at in range(0, len(data), 256 << 10):
        block = data[at : at + (256 << 10)]
        packed = LZOCompressor().compress(block)
        packed = packed if len(packed) < len(block) else block
        body += struct.pack(">III", len(block), len(packed), zlib.adler32(block)) + packed
    return b"\x89LZO\0\r\n\x1a\n" + header + bytes(4) + body + bytes(4)


PACKERS: dict[str, Packer] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
    "lz4 legacy": _lz4_legacy,
    "lzop": _lzop,
}


def _btf(byteorder: str = "little") -> bytes:
    writer = BtfWriter(byteorder)
    writer.integer("int")
    return writer.build()


def _vmlinux(byteorder: str = "little") -> bytes:
    return write_elf({".text": bytes(5000), ".BTF": _btf(byteorder)}, byteorder)


def _x86_image(payload: bytes) -> bytes:
    """Return a kernel image as Documentation/arch/x86/boot.rst has it, with one setup sector."""
    image = bytearray(2 * 512)
    image[0x1F1] = 1
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", image, 0x248, 256, len(payload))
    return bytes(image) + bytes(256) + payload + b"signature"


def _zboot_image(payload: bytes) -> bytes:
    header = b"MZ\0\0zimg" + struct.pack("<II", 64, len(payload))
    return header.ljust(64, b"\0") + payload


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_extract_takes_raw_btf_and_elf_of_both_byte_orders(byteorder: str) -> None:
    assert extract_btf(_btf(byteorder)) == _btf(byteorder)
    assert extract_btf(_vmlinux(byteorder)) == _btf(byteorder)


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("wrap", [bytes, _x86_image, _zboot_image])
def test_extract_unpacks_images(packer: Packer, wrap: Packer) -> None:
    payload = packer(_vmlinux()) + struct.pack("<I", len(_vmlinux()))
    assert extract_btf(wrap(payload)) == _btf()


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
def test_extract_refuses_truncated_packed_kernels(packer: Packer) -> None:
    packed = packer(_vmlinux())
    with pytest.raises(BtfError):
        extract_btf(packed[: len(packed) // 2])


@pytest.mark.parametrize("wrap", [_x86_image, _zboot_image])
def test_extract_refuses_truncated_images(wrap: Packer) -> None:
    image = wrap(gzip.compress(_vmlinux()))
    with pytest.raises(BtfError, match=r"kernel image is truncated.*copy it again"):
        extract_btf(image[:-30])


def test_extract_refuses_truncated_vmlinux() -> None:
    elf = write_elf({".text": bytes(40 << 20), ".BTF": _btf()})
    for length in (30 << 20, len(elf) - 1, 63):
        with pytest.raises(BtfError, match="truncated"):
            extract_btf(elf[:length])


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
def test_extract_stops_unpacking_at_the_limit(
    packer: Packer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 4 << 20)
    with pytest.raises(BtfError, match="unpacks to more than 4 MB"):
        extract_btf(packer(bytes(16 << 20)))


def test_extract_stops_at_kernels_packed_in_kernels() -> None:
    data = _vmlinux()
    for _ in range(4):
        data = gzip.compress(data)
    with pytest.raises(BtfError, match="packed more than"):
        extract_btf(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"#!/bin/sh\n" * 200, "neither BTF, ELF nor a known kernel image"),
        (b"\x02\x21\x4c\x18" + bytes(100), "the packed file is empty"),
        (b"\x1f\x8b\x08" + bytes(100), "neither|cannot be unpacked"),
        (b"\x28\xb5\x2f\xfdgarbage, garbage", "cannot be unpacked"),
        (write_elf({".text": b"x"}), "no section .BTF.*CONFIG_DEBUG_INFO_BTF"),
        (write_elf({".BTF": b"x"}, types={".BTF": 8}), "no bytes in this file"),
        (write_elf({".BTF": b"x"})[:40] + bytes(8) + write_elf({".BTF": b"x"})[48:], "no section"),
    ],
)
def test_extract_names_what_is_wrong(data: bytes, reason: str) -> None:
    with pytest.raises(BtfError, match=reason):
        extract_btf(data)


def _arm64_image(kernel: bytes) -> bytes:
    """Return an Image as Documentation/arch/arm64/booting.rst has it: not packed, not ELF."""
    header = b"MZ".ljust(0x38, b"\0") + b"ARM\x64"
    return header.ljust(4096, b"\0") + kernel


def _riscv_image(kernel: bytes) -> bytes:
    """Return an Image as Documentation/arch/riscv/boot-image-header.rst has it."""
    header = b"MZ".ljust(0x30, b"\0") + b"RISCV\0\0\0RSC\x05"
    return header.ljust(4096, b"\0") + kernel


def _s390_image(kernel: bytes) -> bytes:
    """Return a bzImage of s390: its decompressor, then the kernel as one zstd frame, then more."""
    return (
        bytes(0x10000) + b"S390EP".ljust(0x4000, b"\1") + zstandard.compress(kernel) + bytes(9000)
    )


def _ppc_image(kernel: bytes) -> bytes:
    """Return a zImage of ppc64el: an ELF file that has the kernel in a section, packed."""
    return write_elf({".text": bytes(9000), ".kernel:vmlinux.strip": gzip.compress(kernel)})


def _unified_image(kernel: bytes) -> bytes:
    """Return an EFI image with an initrd and a kernel of x86 in it."""
    initrd = zstandard.compress(b"070701".ljust(30_000, b"0"))
    return b"MZ".ljust(2048, b"\0") + initrd + _x86_image(zstandard.compress(kernel))


def _kernel(byteorder: str = "little") -> bytes:
    """Return a kernel as objcopy -O binary makes it, with some BTF of a module as bait."""
    module = BtfWriter(byteorder)
    module.const(900)
    return bytes(7000) + module.build() + bytes(100) + _btf(byteorder) + bytes(5000)


@pytest.mark.parametrize("wrap", [_arm64_image, _riscv_image])
def test_btf_lies_unpacked_in_images_of_arm64_and_riscv(wrap: Packer) -> None:
    image = wrap(_kernel())
    assert extract_btf(image) == _btf()
    assert extract_btf(gzip.compress(image)) == _btf()  # Image.gz
    assert extract_btf(_zboot_image(zstandard.compress(image))) == _btf()  # vmlinuz.efi


def test_a_kernel_of_s390_is_found_by_its_stream() -> None:
    assert extract_btf(_s390_image(_kernel("big"))) == _btf("big")
    assert extract_btf(_s390_image(_vmlinux("big"))) == _btf("big")


@pytest.mark.parametrize("wrap", [_ppc_image, _unified_image])
def test_a_kernel_within_a_loader_is_found(wrap: Packer) -> None:
    assert extract_btf(wrap(_vmlinux())) == _btf()


def test_a_section_that_objcopy_compressed_is_unpacked() -> None:
    for kind, packed in ((1, zlib.compress(_btf())), (2, zstandard.compress(_btf()))):
        body = struct.pack("<IIQQ", kind, 0, len(_btf()), 1) + packed
        elf = write_elf({".text": b"x", ".BTF": body}, flags={".BTF": 0x800})
        assert extract_btf(elf) == _btf()
        with pytest.raises(BtfError, match="unpack"):
            extract_btf(elf.replace(packed, packed[:-6] + bytes(6)))


def test_an_image_without_btf_is_not_asked_for_again() -> None:
    """Whoever gave vmlinuz is not told to give vmlinuz."""
    for image in (_arm64_image(bytes(9000)), _riscv_image(bytes(9000))):
        with pytest.raises(BtfError, match=r"an Image of .* built without CONFIG_DEBUG_INFO_BTF"):
            extract_btf(image)
    with pytest.raises(BtfError, match=r"an image of x86.*|no section .BTF") as caught:
        extract_btf(_x86_image(gzip.compress(write_elf({".text": b"x"}))))
    assert "give vmlinux" not in str(caught.value)


def test_names_of_sections_that_are_in_none_are_an_error() -> None:
    elf = bytearray(write_elf({".BTF": _btf()}))
    struct.pack_into("<HHH", elf, 58, 0, 0, 0xFFFF)  # e_shentsize, e_shnum, e_shstrndx
    with pytest.raises(BtfError):
        extract_btf(bytes(elf))
    struct.pack_into("<HHH", elf, 58, 64, 0, 0xFFFF)
    with pytest.raises(BtfError, match=r"damaged|truncated"):
        extract_btf(bytes(elf))


def test_a_dictionary_of_four_gigabytes_is_not_made() -> None:
    header = b"\x5d\0\0" + b"\xff\xff\xff\xff"[:2] + struct.pack("<Q", 1 << 20)
    with pytest.raises(BtfError):
        extract_btf(header + bytes(4000))


def test_types_of_a_module_are_told_from_those_of_a_kernel() -> None:
    module = BtfWriter()
    module.const(900)
    assert is_split(module.build())
    assert not is_split(_btf())
