"""On which kernels a page's subject is, what they say of it, and the same page of another one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel

_NOT_KNOWN = "not known: the source is not in the map"
ON = "on"  # ?on=7.2 leads from a kernel's page to the same page of another kernel


@dataclass(frozen=True, slots=True)
class OnKernels:
    """The kernels that have it, and all of them by what they say: ("9 entries", (7.3, 7.2))."""

    having: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]


def build_on_kernels(said: Iterable[tuple[Kernel, str]], lacking: str) -> OnKernels:
    """Return the kernels, in their order, by what each says; "" where it has no such subject.

    `lacking`: what is said of those, unless their source is not known.
    """
    found: dict[str, list[str]] = {}
    without: dict[str, list[str]] = {}
    for kernel, words in said:
        if words:
            found.setdefault(words, []).append(kernel.name)
        else:
            word = lacking if kernel.has_rules else _NOT_KNOWN
            without.setdefault(word, []).append(kernel.name)
    having = tuple(kernel for kernels in found.values() for kernel in kernels)
    groups = (*found.items(), *without.items())
    return OnKernels(having, tuple((words, tuple(kernels)) for words, kernels in groups))
