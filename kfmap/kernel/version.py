"""The version of a kernel tree, from its top Makefile."""

from __future__ import annotations

import re

from kfmap.kernel.rules.hooks import BTF_C
from kfmap.kernel.tree import Tree, TreeError

_VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S*)", re.M)


def read_version(tree: Tree) -> str:
    """Return the version as the kernel prints it. Raises TreeError for what is no tree with BPF."""
    parts: dict[str, str] = dict(_VERSION.findall(tree.read("Makefile") or ""))
    if "VERSION" not in parts or "PATCHLEVEL" not in parts or not tree.has(BTF_C):
        raise TreeError(f"{tree.root} is not a kernel tree with BPF: it lacks {BTF_C}")
    numbers = [parts[key] for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if parts.get(key)]
    return ".".join(numbers) + parts.get("EXTRAVERSION", "")
