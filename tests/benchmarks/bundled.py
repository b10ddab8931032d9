"""The kernels that come with kfmap, read from their files without Django."""

from __future__ import annotations

from pathlib import Path

from kfmap.catalogue.bundled_kernels import find_bundled
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
    loaded = next(item.load() for item in find_bundled() if item.name == name)
    return KernelUnderTest(loaded.facts, loaded.types, loaded.options, loaded.functions)


def _names() -> list[str]:
    names = [path.name.removesuffix(".types.xz") for path in FOLDER.glob("*.types.xz")]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


def _read(name: str) -> KernelFacts:
    return parse_facts((FOLDER / f"{name}.json").read_bytes())
