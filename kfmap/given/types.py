"""Look at what was given as a kernel's types: an image, BTF, a folder of it, a debug package.

Types of modules may be given besides: they go on after those of the kernel, so the kernel's are
read first.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kfmap.archives.files import is_archive, list_files
from kfmap.archives.stream import ArchiveError, Budget, Stream, chunks_of
from kfmap.btf.elf import read_section
from kfmap.btf.elf_headers import FileBytes
from kfmap.btf.function_pack import read_module_functions
from kfmap.btf.kinds import MAGIC
from kfmap.btf.layout import BtfError
from kfmap.btf.read import Btf, read_btf
from kfmap.btf.split import is_split
from kfmap.btf.unpacking import unpack_whole, unpacker_of
from kfmap.btf.vmlinux import extract_btf
from kfmap.given.configuration import find_config_in_image, is_config
from kfmap.given.files import MOST_IMAGE, Advice, GivenError, check_file, mapped

_IMAGE = re.compile(r"(?:.*/)?(?:vmlinu[xz](?:[-.][^/]*)?|Image(?:\.\w+)?|[^/]*\.vmlinux)")
_MODULE = re.compile(r".*\.ko(?:\.\w+)?(?:\.debug)?$")
_START_OF_TEXT = 1 << 16
_MOST_FILES = 200_000
_MOST_BYTES = 16 << 30
_MODULES_RELEASE = re.compile(rb"vermagic=(\S+) ")  # in .modinfo: include/linux/vermagic.h
_BANNER = re.compile(rb"Linux version (\d+\.\d+[\w.+~-]*)")
_BOOT_VERSION = 0x20E  # kernel_version of struct setup_header (Documentation/arch/x86/boot.rst)
_EM_BPF = 247
_MACHINES = {  # e_machine of include/uapi/linux/elf-em.h
    62: "x86",
    183: "arm64",
    243: "riscv",
    22: "s390",
    21: "powerpc",
    258: "loongarch",
}
_MARKS = (  # x86: setup_header; arm64, riscv: Documentation/arch/*/boot*.rst
    (0x202, b"HdrS", "x86"),
    (56, b"ARM\x64", "arm64"),
    (56, b"RSC\x05", "riscv"),
)
_RAW = (MAGIC.to_bytes(2, "little"), MAGIC.to_bytes(2, "big"))


@dataclass(frozen=True, slots=True)
class GivenTypes:
    """The raw BTF of a kernel, the functions of its modules, and what its image says of itself.

    `machine` is the architecture, as headers of a .config have it, "" where the image has no mark.
    """

    btf: bytes
    modules: tuple[str, ...] = ()
    release: str = ""
    config: bytes | None = None
    machine: str = ""


@dataclass(frozen=True, slots=True)
class _GivenModule:
    """The BTF of a module, and the release it was built for: "" where it does not say."""

    path: Path
    btf: bytes
    release: str


def read_given_types(paths: Sequence[Path]) -> GivenTypes:
    """Return the types in what was given, the kernel's first.

    Raises GivenError where no kernel's are among them, or something cannot be read.
    """
    kernel: GivenTypes | None = None
    modules: list[_GivenModule] = []
    for path in _inside(paths):
        with _image_in(path) as (name, data):
            if _elf_machine(data) == _EM_BPF:
                raise GivenError(
                    f"{path} is a BPF object, which has a part of the types of the kernel that it "
                    "was written for: give the kernel's own, /sys/kernel/btf/vmlinux or its image."
                )
            btf = _extract(path, name, data)
            if is_split(btf):
                modules.append(_GivenModule(path, btf, _release_of_module(data)))
            elif kernel is None:
                config = find_config_in_image(data)
                kernel = GivenTypes(btf, (), _release_of(data), config, _machine_of(data))
            else:
                raise GivenError(f"{path} is the types of a second kernel: give one.")
    if kernel is None:
        raise _only_modules([module.path for module in modules])
    return _with_modules(kernel, modules)


def _only_modules(paths: list[Path]) -> GivenError:
    if not paths:
        return GivenError("No types of a kernel are in what was given.")
    reason = f"{paths[0]} has the types of a module, which go on after those of its kernel."
    return GivenError(reason, Advice.KERNEL_TOO)


def _with_modules(kernel: GivenTypes, modules: list[_GivenModule]) -> GivenTypes:
    base = read_btf(kernel.btf)
    names: set[str] = set()
    for module in modules:
        if module.release and kernel.release and module.release != kernel.release:
            raise GivenError(
                f"{module.path} is a module of {module.release}, and the kernel's types are those "
                f"of {kernel.release}: give one of the same build, or none."
            )
        try:
            names.update(read_module_functions(module.btf, base))
        except BtfError as error:
            raise GivenError(
                f"{module.path}: its types do not go on after those of this kernel: {error}."
            ) from error
    return replace(kernel, modules=tuple(sorted(names)))


def _inside(paths: Sequence[Path]) -> Iterator[Path]:
    """Return the files given, those of a folder like /sys/kernel/btf one by one."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(item for item in path.iterdir() if item.is_file())
        named = [item for item in found if item.name in ("vmlinux", "vmlinuz")]
        raw = [item for item in found if item not in named and _is_raw(item)]
        if not named and not raw:
            raise GivenError(f"{path} holds neither vmlinux nor BTF: give the file itself.")
        yield from (*named[:1], *raw)


def _is_raw(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) in _RAW
    except OSError:
        return False


@contextmanager
def _image_in(path: Path) -> Iterator[tuple[str, FileBytes]]:
    """Return name and bytes of the image in a package, or of the file itself."""
    check_file(path)
    try:
        with path.open("rb") as file:
            packed = Stream(chunks_of(file), Budget(_MOST_BYTES, _MOST_FILES))
            is_package = is_archive(packed if not unpacker_of(packed.peek()) else packed.unpacked())
    except ArchiveError:  # damaged: whoever reads it says so
        is_package = False
    except OSError as error:
        raise GivenError(f"{path} cannot be read: {error.strerror}.") from error
    if not is_package:
        with mapped(path) as data:
            yield path.name, data
        return
    with tempfile.TemporaryDirectory(prefix="kfmap-image-") as scratch:
        name, found = _take_image(path, Path(scratch) / "image")
        with mapped(found) as data:
            yield name, data


def _take_image(package: Path, target: Path) -> tuple[str, Path]:
    """Write the image in a package to a file: one with the kernel's name and types in it."""
    reason = ""
    try:
        for file in list_files(package, Budget(_MOST_BYTES, _MOST_FILES)):
            if not _IMAGE.fullmatch(file.name) or file.size > MOST_IMAGE:
                continue
            with target.open("wb") as out:
                for chunk in file.stream.chunks(file.size):
                    out.write(chunk)
            with mapped(target) as data:
                try:
                    extract_btf(data)
                except BtfError as error:
                    reason = f": {file.name}: {error}"
                    continue
            return file.name, target
    except ArchiveError as error:
        raise GivenError(f"{package} cannot be read: {error}.") from error
    raise GivenError(f"{package} has no image of a kernel with types in it{reason}.")


def _extract(path: Path, name: str, data: FileBytes) -> bytes:
    try:
        if _MODULE.fullmatch(name) and unpacker_of(data[:16]):
            return read_section(unpack_whole(data), ".BTF")
        btf = extract_btf(data)
        if not is_split(btf):
            read_btf(btf)
    except BtfError as error:
        if is_config(bytes(data[:_START_OF_TEXT])):
            raise GivenError(f"{path} is a .config.", Advice.AS_CONFIG) from error
        raise GivenError(f"{path}: {error}.") from error
    return btf


def _release_of(data: FileBytes) -> str:
    """Return the release that an image says it is, "" where it does not say, or is packed."""
    if data[0x202:0x206] == b"HdrS":
        at = 0x200 + int.from_bytes(data[_BOOT_VERSION : _BOOT_VERSION + 2], "little")
        return data[at : at + 100].split(b"\0")[0].split(b" ")[0].decode(errors="replace")
    found = _BANNER.search(data)
    return found[1].decode() if found else ""


def _release_of_module(data: FileBytes) -> str:
    """Return the release that a module was built for, "" where it does not say."""
    found = _MODULES_RELEASE.search(unpack_whole(data) if unpacker_of(data[:16]) else data)
    return found[1].decode(errors="replace") if found else ""


def _machine_of(data: FileBytes) -> str:
    """Return the architecture of an image, "" where it has no mark that is known."""
    if machine := _elf_machine(data):
        return _MACHINES.get(machine, "")
    return next((name for at, mark, name in _MARKS if data[at : at + len(mark)] == mark), "")


def _elf_machine(data: FileBytes) -> int:
    """Return e_machine of an ELF file, 0 of others."""
    if data[:4] != b"\x7fELF" or len(data) <= 20:
        return 0
    order: Literal["little", "big"] = "big" if data[5] == 2 else "little"
    return int.from_bytes(data[18:20], order)


def is_big_endian(btf: bytes) -> bool:
    """Return whether types are those of a machine that has the highest byte first, as s390x."""
    return btf[:2] == _RAW[1]


def missing_kfuncs(btf: Btf, names: Sequence[str]) -> list[str]:
    """Return the names that are no function in these types."""
    return [name for name in names if not btf.find_all(name)]
