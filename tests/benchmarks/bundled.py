"""The kernels that come with kfmap, read from their files without Django."""

from __future__ import annotations

import lzma
from pathlib import Path

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.pack import unpack
from kfmap.btf.read import read_btf
from kfmap.kernel.config import read_config
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import parse_facts
from verifier.engine.verdict import KernelUnderTest

FOLDER = Path(__file__).parents[2] / "kfmap" / "catalogue" / "bundled"


def read_newest() -> KernelFacts:
    """Return the facts of the newest kernel."""
    return _read(_names()[-1])


def kernels_with_types() -> list[KernelUnderTest]:
    """Return all kernels whose types come with them, oldest first."""
    return [kernel_with_types(name) for name in _names()]


def kernel_with_types(name: str) -> KernelUnderTest:
    """Return a kernel whose types come with it, with all else that does."""
    types = read_btf(unpack((FOLDER / f"{name}.types.xz").read_bytes()))
    functions = FOLDER / f"{name}.functions.xz"
    config = FOLDER / f"{name}.config.xz"
    return KernelUnderTest(
        _read(name),
        types,
        read_config(lzma.decompress(config.read_bytes())).options if config.exists() else None,
        FunctionNames(functions.read_bytes()) if functions.exists() else None,
    )


def _names() -> list[str]:
    names = [path.name.removesuffix(".types.xz") for path in FOLDER.glob("*.types.xz")]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


def _read(name: str) -> KernelFacts:
    return parse_facts((FOLDER / f"{name}.json").read_bytes())
