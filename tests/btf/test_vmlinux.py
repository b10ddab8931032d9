"""Kernel BTF is found in every form of a kernel that people have; what is broken is named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable

import pytest
import zstandard

from kfmap.btf import vmlinux
from kfmap.btf.read import BtfError
from kfmap.btf.vmlinux import extract_btf
from tests.btf.btf_writer import BtfWriter
from tests.btf.elf_writer import write_elf

Packer = Callable[[bytes], bytes]
PACKERS: dict[str, Packer] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstandard.compress,
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
    monkeypatch.setattr(vmlinux, "MAX_UNPACKED", 4 << 20)
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
        (b"", "neither BTF, ELF nor a known kernel image"),
        (b"#!/bin/sh\n" * 200, "neither BTF, ELF nor a known kernel image"),
        (b"\x02\x21\x4c\x18" + bytes(100), "packed with lz4"),
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
