"""A line of a kernel tree: the evidence for a fact."""

from __future__ import annotations

from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of the kernel tree: the evidence for a fact. `file` is relative to the tree."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


# The headers that define the kernel's own macros for sets and declare what registers them.
KERNELS_OWN = frozenset({"include/linux/btf.h", "include/linux/btf_ids.h"})
