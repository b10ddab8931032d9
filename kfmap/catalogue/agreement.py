"""How the bundled kernels agree with what the kernel itself answered when it was booted.

`agreement.json` is made by `bundle_kernels --probe` from `bundled/NAME.evidence.xz` and
`NAME.calls.xz`; a test compares every cell again and fails when the file says anything else.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from kfmap.quick_dataclass import dataclass

MEASURED = Path(__file__).with_name("agreement.json")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `compared` cells, `equal` have the verdict that the kernel gave.

    `undetermined` cells it did not come to decide. `release` is the booted kernel's own name,
    `build_id` that of its image, `asked` the day (ISO 8601). Of `calls` that a scheduler made
    while it ran, `calls_equal` ended as the masks say; `calls_undriven` could not be made.
    """

    compared: int
    equal: int
    undetermined: int
    release: str
    asked: str
    build_id: str = ""
    calls: int = 0
    calls_equal: int = 0
    calls_undriven: int = 0

    @property
    def differing(self) -> int:
        """Return how many cells have another verdict than the kernel gave."""
        return self.compared - self.equal

    def __str__(self) -> str:
        return f"{self.equal:,} of {self.compared:,}"


@cache
def load_agreements() -> dict[str, Agreement]:
    """Return what was measured by the names of the bundled kernels; others were not compared."""
    measured = json.loads(MEASURED.read_bytes())
    return {name: Agreement(**counts) for name, counts in measured.items()}


def load_builds() -> dict[str, str]:
    """Return the names of the bundled kernels by the build ids of the images that were booted."""
    return {item.build_id: name for name, item in load_agreements().items() if item.build_id}


def describe_agreement(name: str) -> str:
    """Return how a bundled kernel agrees with its booted self, "" where that was not asked."""
    measured = load_agreements().get(name)
    if measured is None:
        return ""
    return f"{measured} cells are as {measured.release} answered when it was booted"
