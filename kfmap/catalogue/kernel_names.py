"""Kernels by any of their names: the map's, the version, that of the running kernel, `newest`.

Knows no Django: rows of the map and files of bundled kernels are both found by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

NEWEST = "newest"
EVERY_KERNEL = "all"
_SERIES = re.compile(r"\d+\.\d+")
_PREFIX = re.compile(r"\A(?:linux[- ]|v)(?=\d)", re.IGNORECASE)
_PACKAGE = re.compile(r"\Alinux-[a-z]+-(?=\d)")


class NamedKernel(Protocol):
    """What a kernel needs to be found. `released`: neither a variant nor with every option on."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def released(self) -> bool: ...


K = TypeVar("K", bound=NamedKernel)


def find_line(kernels: Sequence[K]) -> list[K]:
    """Return one released kernel per series, of kernels that are oldest first.

    It is the plain one of a series: 7.3 and neither 7.3-rt nor 7.3-arm64, which are built from the
    same source, else the newest. What is told from release to release follows this line.
    """
    line: dict[str, K] = {}
    for kernel in kernels:
        series = series_of(kernel)
        if kernel.released and (series not in line or line[series].name != series):
            line[series] = kernel
    return list(line.values())


def find_newest(kernels: Sequence[K]) -> K | None:
    """Return the newest released one of kernels that are oldest first, else the newest of all."""
    newest = next((kernel for kernel in reversed(kernels) if kernel.released), None)
    return newest or next(reversed(kernels), None)


def series_of(kernel: NamedKernel) -> str:
    """Return the series of a kernel by its version: 6.12 of 6.12.107."""
    found = _SERIES.match(kernel.version)
    return found[0] if found else kernel.version


def find_by_any_name(kernels: Sequence[K], text: str) -> K | None:
    """Return the kernel that a name means, of kernels that are oldest first.

    The map's own names go first, then released kernels: `6.18.15` is not a variant of it.
    """
    name = _PREFIX.sub("", text.strip())
    if name == NEWEST:
        return find_newest(kernels)
    exact = next((kernel for kernel in kernels if kernel.name == name), None)
    if exact:
        return exact
    # A version is that of a plain build and of its flavours: the plain one is meant.
    likely = sorted(kernels, key=lambda it: (not it.released, it.name != series_of(it)))
    found = [kernel for kernel in likely if kernel.version == name]
    found += [kernel for kernel in likely if name in _names_in(kernel.label)]
    return found[0] if found else None


def _names_in(label: str) -> Iterable[str]:
    """Return the words of a label, each package also as the kernel that it holds prints itself."""
    for word in label.replace(",", " ").split():
        release = _PACKAGE.sub("", word)
        if release[:1].isdigit():
            yield from (word, release)
