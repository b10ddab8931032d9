"""How many cells of the bundled kernels were compared with what the booted kernel answered.

`agreement.json` holds what `tests/agree` measures, which fails when the file says anything else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MEASURED = Path(__file__).with_name("agreement.json")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `compared` cells, `equal` have the verdict that the kernel gave."""

    compared: int
    equal: int

    def __str__(self) -> str:
        return f"{self.equal:,} of {self.compared:,}"


@cache
def load_agreements() -> dict[str, Agreement]:
    """Return what was measured by the names of the bundled kernels; others were not compared."""
    measured = json.loads(_MEASURED.read_bytes())
    return {name: Agreement(**counts) for name, counts in measured.items()}
