"""The bundled kernels that tests go through one by one."""

from __future__ import annotations

import re

from kfmap.catalogue.bundled_kernels import BundledKernel, find_bundled

_OF_A_SERIES = re.compile(r"\d+\.\d+(?:-all)?")


def different_kernels() -> list[BundledKernel]:
    """Return one kernel per series and those with every option on, oldest first.

    The others are built from the same source, or nearly so, and would take as long once more.
    """
    return [item for item in find_bundled() if _OF_A_SERIES.fullmatch(item.name)]
