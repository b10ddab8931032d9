"""A source tree that was found, and which folders of a packed one are not unpacked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kfmap.given import git

LEFT_OUT = frozenset({"Documentation", "LICENSES", "samples", "tools", "rust"})


@dataclass(slots=True)
class Source:
    """A tree and what was found with it. `what` says for people where it comes from.

    `doubts` say what the tree lacks of that which was given: see `DoubtError`.
    """

    folder: Path
    what: str
    commit: git.Commit | None = None
    config: Path | None = None
    image: Path | None = None
    patches: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
