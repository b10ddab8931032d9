"""Kernels of other architectures: their folder, their headers, what their compiler defines."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.extract import TreeError
from kfmap.kernel.facts import KernelFacts
from tests.kernel.small_kernel import INCLUDES, SET_C, extract, id_set

_FILES = {
    "Makefile": "VERSION = 9\nPATCHLEVEL = 1\nSUBLEVEL = 2\n",
    "Kbuild": "obj-y += kernel/ net/ arch/$(SRCARCH)/\n",
    "arch/arm64/Kbuild": "obj-y += kernel/\n",
    "arch/arm64/kernel/Makefile": "obj-y += arm.o\n",
    "arch/arm64/kernel/arm.c": INCLUDES + id_set("of_arm"),
    "arch/arm64/include/asm/kinds.h": "#define KIND BTF_ID_FLAGS(func, arm_kind)\n",
    "arch/x86/include/asm/kinds.h": "#define KIND BTF_ID_FLAGS(func, x86_kind)\n",
    SET_C: "#include <asm/kinds.h>\n"
    + INCLUDES
    + id_set("one").replace(
        "BTF_KFUNCS_END",
        "KIND\n#ifdef __aarch64__\nBTF_ID_FLAGS(func, two)\n#endif\nBTF_KFUNCS_END",
    ),
}


def _kfuncs(facts: KernelFacts) -> set[str]:
    return {kfunc.name for kfunc in facts.kfuncs}


def test_the_configuration_says_the_architecture(tmp_path: Path) -> None:
    facts = extract(tmp_path, _FILES, b"CONFIG_ARM64=y\nCONFIG_64BIT=y\nCONFIG_NET=y\n")
    assert _kfuncs(facts) == {"one", "two", "arm_kind", "of_arm"}


@pytest.mark.parametrize("config", [b"CONFIG_X86=y\nCONFIG_NET=y\n", None])
def test_without_one_it_is_x86(tmp_path: Path, config: bytes | None) -> None:
    assert _kfuncs(extract(tmp_path, _FILES, config)) == {"one", "x86_kind"}


@pytest.mark.parametrize("option", ["CONFIG_X86_32", "CONFIG_ARM", "CONFIG_32BIT"])
def test_kernels_of_32_bits_are_refused(tmp_path: Path, option: str) -> None:
    with pytest.raises(TreeError, match=f"32 bits .{option}=y"):
        extract(tmp_path, _FILES, f"{option}=y\n".encode())
