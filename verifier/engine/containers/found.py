"""What a search for BPF objects in a file gives."""

from __future__ import annotations

from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A BPF object. `name` leads from the file to it: `tools.tar.xz!sbin/opensnoop@0x5060`."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class NotFound:
    """Why a file, or the rest of it, could not be looked into.

    `is_empty`: it could be, and no object is in it.
    """

    name: str
    problem: str
    is_empty: bool = False
