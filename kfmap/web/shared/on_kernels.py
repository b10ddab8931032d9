"""On which kernels a page's subject is, what they say of it, and the same page of another one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ON = "on"  # ?on=7.2 leads from a kernel's page to the same page of another kernel


@dataclass(frozen=True, slots=True)
class OnKernels:
    """The kernels that have it, and all of them by what they say: ("9 entries", (7.3, 7.2))."""

    having: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]


def build_on_kernels(said: Iterable[tuple[str, str]], lacking: str) -> OnKernels:
    """Return the kernels, in their order, by what each says; "" where it lacks the subject.

    `lacking`: what is said of those.
    """
    found: dict[str, list[str]] = {}
    for kernel, words in said:
        found.setdefault(words, []).append(kernel)
    without = found.pop("", [])
    having = tuple(kernel for kernels in found.values() for kernel in kernels)
    groups = [*found.items(), *([(lacking, without)] if without else [])]
    return OnKernels(having, tuple((words, tuple(kernels)) for words, kernels in groups))
