"""The loader of the guest: `load.c` and libbpf, linked into one static executable."""

from __future__ import annotations

import shutil
from pathlib import Path

from kfmap.probe.guest import MACHINES
from kfmap.probe.libbpf import PACKAGES, build_static

__all__ = ["PACKAGES", "SOURCE", "build_loader", "has_qemu"]

SOURCE = Path(__file__).with_name("load.c")


def build_loader(kit: Path | None = None, machine: str = "") -> bytes:
    """Return the loader; `kit` and `machine` as for `build_static`. Raises ProbeError."""
    return build_static(SOURCE, kit, machine)


def has_qemu(machine: str = "x86_64") -> bool:
    """Return whether QEMU for an architecture is installed."""
    return shutil.which(MACHINES[machine].program) is not None
