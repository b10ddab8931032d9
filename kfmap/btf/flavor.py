"""Flavors: `name___anything` means the kernel's `name` (essential names of tools/lib/bpf)."""

from __future__ import annotations

import re

_FLAVORED = re.compile(r"(.*[^_])___[^_]", re.DOTALL)


def essential_name(name: str) -> str:
    """Return the name without its last `___suffix`, which is not empty and has no `_` in front."""
    if "___" not in name:
        return name
    match = _FLAVORED.match(name)
    return match[1] if match else name
