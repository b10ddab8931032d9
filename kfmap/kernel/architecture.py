"""The architecture that a .config is for: its folder in the tree, what its compiler defines."""

from __future__ import annotations

from typing import NamedTuple

from kfmap.kernel.config import Config
from kfmap.kernel.tree import TreeError


class Architecture(NamedTuple):
    """`folder` is that under arch/ (SRCARCH of Kbuild), `macro` what its compiler defines."""

    folder: str
    macro: str


_X86 = Architecture("x86", "__x86_64__")
_BY_OPTION = {
    "CONFIG_X86": _X86,
    "CONFIG_ARM64": Architecture("arm64", "__aarch64__"),
    "CONFIG_LOONGARCH": Architecture("loongarch", "__loongarch__"),
    "CONFIG_MIPS": Architecture("mips", "__mips__"),
    "CONFIG_PARISC": Architecture("parisc", "__hppa__"),
    "CONFIG_PPC": Architecture("powerpc", "__powerpc64__"),
    "CONFIG_RISCV": Architecture("riscv", "__riscv"),
    "CONFIG_S390": Architecture("s390", "__s390x__"),
    "CONFIG_SPARC": Architecture("sparc", "__sparc__"),
}
_HALF = ("CONFIG_32BIT", "CONFIG_ARM", "CONFIG_PPC32", "CONFIG_SPARC32", "CONFIG_X86_32")


def find_architecture(config: Config) -> Architecture:
    """Return the architecture; x86 where every option is on or none says it.

    Raises TreeError for 32 bits: the offsets of members would be those of another kernel.
    """
    if config.options is None:
        return _X86
    half = next((name for name in _HALF if config.is_builtin(name)), None)
    if half:
        raise TreeError(f"the configuration is for 32 bits ({half}=y); kernels have to have 64")
    return next((found for name, found in _BY_OPTION.items() if config.is_builtin(name)), _X86)
