"""How far work is that waits for a worker, whatever the work is."""

from __future__ import annotations

from typing import ClassVar, Protocol

DONE = "done"


class _Work(Protocol):
    OPEN: ClassVar[tuple[str, ...]]

    @property
    def state(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class Progress:
    """What a row of such work says of itself.

    It does `done` steps of a `total` that is 0 until it is known. Its state is one of `OPEN` until
    nothing more will happen by itself.
    """

    @property
    def is_over(self: _Work) -> bool:
        """Return whether nothing more will happen by itself."""
        return self.state not in self.OPEN

    @property
    def percent(self: _Work) -> int:
        """Return the progress in percent."""
        if self.state == DONE:
            return 100
        return 100 * self.done // self.total if self.total else 0
