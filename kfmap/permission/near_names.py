"""Names that come near one which is not there, for whoever misspelt it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_NEAR = 8


def find_near(name: str, known: Iterable[str], count: int = _NEAR) -> list[str]:
    """Return known names that are spelt like `name` or contain it, the likest first."""
    names = sorted(set(known))
    text = name.lower()
    holding = [item for item in names if text and text in item.lower()]
    close = difflib.get_close_matches(name, names, n=count, cutoff=0.6)
    return list(dict.fromkeys([*close, *holding]))[:count]
