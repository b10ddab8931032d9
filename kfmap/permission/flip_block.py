"""Cells that change alike from one reading of a kernel to another, as one block."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlipBlock:
    """The cells of some kfuncs × some contexts that change from one outcome to another.

    `before` and `after` are outcomes, as letters or as words: those of whoever compares.
    """

    before: str
    after: str
    kfuncs: tuple[str, ...]
    contexts: tuple[str, ...]

    @property
    def cells(self) -> int:
        """Count the cells."""
        return len(self.kfuncs) * len(self.contexts)
