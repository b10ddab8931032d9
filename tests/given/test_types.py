"""Types are found in what people give, and those of modules are told from a kernel's."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from kfmap.btf.kinds import MAGIC, Kind
from kfmap.given.files import Advice, GivenError
from kfmap.given.types import read_given_types
from tests.archives.packages import make_deb, make_rpm, make_tar
from tests.btf.btf_writer import BtfWriter
from tests.btf.elf_writer import EM_X86_64, write_elf

MAKERS = {"deb": make_deb, "rpm": make_rpm, "tar": make_tar}


def kernel_btf() -> bytes:
    writer = BtfWriter()
    writer.integer("int")
    writer.function("kernel_function", 1)
    return writer.build()


def module_btf(name: str = "module_function") -> bytes:
    """Return split BTF: a prototype of the kernel's `int`, and a function with it."""
    base_types, base_strings = 3, len(b"\0int\0kernel_function\0")
    strings = name.encode() + b"\0"
    words = (0, Kind.FUNC_PROTO << 24, 1, base_strings, Kind.FUNC << 24, base_types + 1)
    types = struct.pack(f"<{len(words)}I", *words)
    header = struct.pack("<HBBI4I", MAGIC, 1, 0, 24, 0, len(types), len(types), len(strings))
    return header + types + strings


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_raw_types_and_an_image_are_read(tmp_path: Path) -> None:
    elf = write_elf(
        {".text": b"Linux version 9.1.2-test (a@b)", ".BTF": kernel_btf()}, machine=EM_X86_64
    )
    for data, release in ((kernel_btf(), ""), (elf, "9.1.2-test")):
        found = read_given_types([write(tmp_path / "vmlinux", data)])
        assert (found.btf, found.release) == (kernel_btf(), release)


@pytest.mark.parametrize("kind", MAKERS)
def test_an_image_in_a_package_is_found(tmp_path: Path, kind: str) -> None:
    """Debug packages have it under usr/lib/debug; what else is in them is passed over."""
    files = {
        "./usr/lib/debug/boot/vmlinux-9.1": write_elf({".BTF": kernel_btf()}, machine=EM_X86_64),
        "./boot/config-9.1": b"CONFIG_NET=y\n",
    }
    path = write(tmp_path / f"package.{kind}", MAKERS[kind](files))
    assert read_given_types([path]).btf == kernel_btf()


def test_a_package_without_an_image_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "package.deb", make_deb({"./boot/System.map-9.1": b""}))
    with pytest.raises(GivenError, match="has no image of a kernel"):
        read_given_types([path])


def test_a_configuration_is_not_types(tmp_path: Path) -> None:
    path = write(tmp_path / "config", b"#\n# Linux/x86 9.1 Kernel Configuration\n#\nCONFIG_NET=y\n")
    with pytest.raises(GivenError, match=r"is a \.config\.$") as error:
        read_given_types([path])
    assert error.value.advice is Advice.AS_CONFIG


def test_a_module_alone_is_not_a_kernel(tmp_path: Path) -> None:
    for data in (
        module_btf(),
        write_elf({".BTF": module_btf()}, machine=EM_X86_64),
        lzma.compress(write_elf({".BTF": module_btf()}, machine=EM_X86_64)),
    ):
        path = write(tmp_path / "nf.ko", data)
        with pytest.raises(GivenError, match=r"types of a module") as error:
            read_given_types([path])
        assert error.value.advice is Advice.KERNEL_TOO


def test_functions_of_modules_are_taken_with_the_kernel(tmp_path: Path) -> None:
    kernel = write(tmp_path / "vmlinux", kernel_btf())
    module = write(
        tmp_path / "nf.ko.xz", lzma.compress(write_elf({".BTF": module_btf()}, machine=EM_X86_64))
    )
    found = read_given_types([module, kernel])
    assert (found.btf, found.modules) == (kernel_btf(), ("module_function",))


@pytest.mark.parametrize("pack", [bytes, lzma.compress])
def test_a_module_of_another_build_is_refused(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    said = {".rodata": b"Linux version 9.1.2-toy (", ".BTF": kernel_btf()}
    kernel = write(tmp_path / "vmlinux", write_elf(said, machine=EM_X86_64))
    for release in ("9.1.2-toy", "9.1.3-toy"):
        own = {".modinfo": f"vermagic={release} SMP \0".encode(), ".BTF": module_btf()}
        module = write(tmp_path / f"{release}.ko", pack(write_elf(own, machine=EM_X86_64)))
        if release == "9.1.2-toy":
            assert read_given_types([kernel, module]).modules == ("module_function",)
        else:
            with pytest.raises(GivenError, match=r"module of 9\.1\.3-toy.*those of 9\.1\.2-toy"):
                read_given_types([kernel, module])


def test_raw_types_of_a_module_of_another_build_are_refused(tmp_path: Path) -> None:
    writer = BtfWriter()
    for name in ("char", "int", "long", "short"):
        writer.integer(name)
    writer.function("kernel_function")
    kernel = write(tmp_path / "vmlinux", writer.build())
    module = write(tmp_path / "nf_nat", module_btf())
    with pytest.raises(
        GivenError, match=r"nf_nat: .*the types are those of a module of another build"
    ):
        read_given_types([kernel, module])


def test_a_folder_like_that_of_sysfs_is_read(tmp_path: Path) -> None:
    write(tmp_path / "vmlinux", kernel_btf())
    write(tmp_path / "nf_nat", module_btf())
    write(tmp_path / "notes", b"hello")
    assert read_given_types([tmp_path]).modules == ("module_function",)


def test_two_kernels_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match="holds neither"):
        read_given_types([tmp_path])
    paths = [write(tmp_path / name, kernel_btf()) for name in ("a", "b")]
    with pytest.raises(GivenError, match="second kernel"):
        read_given_types(paths)
