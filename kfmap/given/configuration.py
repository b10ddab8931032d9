"""Look at a .config before it is believed: whose it is, and whether it is whole.

Kconfig writes a whole one with a header (conf_write(), scripts/kconfig/confdata.c) and, since
Linux 4.18, with CONFIG_CC_VERSION_TEXT (init/Kconfig); `make savedefconfig` writes neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kfmap.btf.elf_headers import FileBytes
from kfmap.btf.layout import BtfError
from kfmap.btf.unpacking import unpack, unpacker_of
from kfmap.given.files import Advice, GivenError, read_file, unpack_given
from kfmap.text_bytes import decode_bytes, is_wide

_MOST = 8 << 20
_MOST_PACKED = 3  # times that one is compressed
_TYPES = (b"\x7fELF", b"\x9f\xeb", b"\xeb\x9f", b"MZ")  # the last: an image for EFI
_GZIP = b"\x1f\x8b"  # /proc/config.gz
# A Makefile assigns such names, too: with blanks or as `:=`.
_OPTION = re.compile(rb"^(?:CONFIG_\w+=|# CONFIG_\w+ is not set)", re.M)
_HEADER = re.compile(rb"^#\s+Linux/(\w+)\s+(\d+\.\d+\S*)\s+Kernel Configuration", re.M)
_COMPILER = re.compile(rb'^CONFIG_CC_VERSION_TEXT="([^"\n]*)"', re.M)
_SET = re.compile(rb"^(CONFIG_(?:X86|ARM64|RISCV|S390|PPC|LOONGARCH|MIPS|SPARC|PARISC))=y$", re.M)
_BIG_ENDIAN = re.compile(rb"^CONFIG_CPU_BIG_ENDIAN=y$", re.M)  # arm64 and powerpc, as wanted
_ARCHITECTURES = {  # as the header has them (SRCARCH and older names), as compilers begin
    "x86": ("CONFIG_X86", ("x86_64", "x86_64-linux-gnu", "i686")),
    "x86_64": ("CONFIG_X86", ("x86_64",)),
    "i386": ("CONFIG_X86", ("i686",)),
    "arm64": ("CONFIG_ARM64", ("aarch64",)),
    "riscv": ("CONFIG_RISCV", ("riscv64",)),
    "s390": ("CONFIG_S390", ("s390x",)),
    "powerpc": ("CONFIG_PPC", ("powerpc64le", "powerpc64", "ppc64le")),
    "loongarch": ("CONFIG_LOONGARCH", ("loongarch64",)),
}
_START, _END = b"IKCFG_ST", b"IKCFG_ED"  # around the .config in an image (kernel/configs.c)


@dataclass(frozen=True, slots=True)
class GivenConfig:
    """A .config: its text, the name of its file, and the release its header names ("")."""

    text: bytes
    name: str
    release: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a .config fits a tree: `doubts` are reasons to refuse it, `remarks` are not."""

    doubts: tuple[str, ...]
    remarks: tuple[str, ...]


def read_given_config(path: Path) -> GivenConfig:
    """Return a .config. Raises GivenError where it is none."""
    text = _unpack(read_file(path, _MOST), path)
    if text.startswith(_TYPES):
        raise GivenError(f"{path} is an image of a kernel, or types of one.", Advice.AS_TYPES)
    if not _OPTION.search(text):
        raise GivenError(f"{path} is not a .config: it has no line that begins with CONFIG_.")
    header = _HEADER.search(text)
    return GivenConfig(text, path.name, header[2].decode(errors="replace") if header else "")


def check_config(config: GivenConfig, version: str) -> Fit:
    """Return how a .config fits a tree of this version, and whether it is whole."""
    text, name, release = config.text, config.name, config.release
    header, compiler = _HEADER.search(text), _COMPILER.search(text)
    doubts, remarks = [], []
    if release and release.split(".")[:2] != version.split(".")[:2]:
        doubts.append(f"the configuration {name} is of {release}, and the source is {version}")
    elif release and _point(release) != _point(version):
        remarks.append(f"{name} was written for {release}, the source is {version}.")
    if wrong := _find_wrong_architecture(text, header, compiler):
        doubts.append(f"the configuration {name} {wrong}")
    if not header and not compiler:
        remarks.append(
            f"{name} is not a whole .config, but what make savedefconfig writes, or a part of one: "
            "options that follow from others count as off. make olddefconfig completes it."
        )
    return Fit(tuple(doubts), tuple(remarks))


def _point(release: str) -> list[str]:
    return re.split(r"[-+~]", release)[0].split(".")[:3]


def is_config(text: bytes) -> bool:
    """Return whether a text is a .config, or the beginning of one."""
    return _OPTION.search(text) is not None


def _unpack(data: bytes, path: Path) -> bytes:
    for _ in range(_MOST_PACKED):
        if unpacker_of(data[:16]) is None and not data.startswith(_GZIP):
            break
        data = unpack_given(data, path, _MOST)
    return decode_bytes(data).encode() if is_wide(data) else data


def _find_wrong_architecture(
    text: bytes, header: re.Match[bytes] | None, compiler: re.Match[bytes] | None
) -> str:
    """Return how the header, the options and the compiler contradict each other, "" if not."""
    found = {name.decode() for name in _SET.findall(text)}
    name = header[1].decode(errors="replace") if header else ""
    if name in _ARCHITECTURES and found and _ARCHITECTURES[name][0] not in found:
        wrong = ", ".join(sorted(found))
        return f"says that it is for {name}, and sets {wrong}: it is put together from two"
    built = compiler[1].decode(errors="replace").split("-")[0] if compiler else ""
    for option, starts in _ARCHITECTURES.values():
        if built in starts and found and option not in found:
            wrong = ", ".join(sorted(found))
            return f"was made with a compiler for {built}, and sets {wrong}"
    return ""


def find_machine(text: bytes) -> str:
    """Return the architecture that the options of a .config are for, "" where none says it."""
    found = {name.decode() for name in _SET.findall(text)}
    options = {option: name for name, (option, _) in reversed(_ARCHITECTURES.items())}
    return next((options[name] for name in sorted(found) if name in options), "")


def sets_big_endian(text: bytes) -> bool:
    """Return whether the options of a .config are for a machine with the highest byte first."""
    return find_machine(text) == "s390" or _BIG_ENDIAN.search(text) is not None


def find_config_in_image(data: FileBytes) -> bytes | None:
    """Return the .config that CONFIG_IKCONFIG puts into a kernel, None where there is none."""
    start = data.find(_START)
    end = data.find(_END, start)
    if start < 0 or end < 0:
        return None
    try:
        return unpack(data, start + len(_START), _MOST)
    except BtfError:
        return None
