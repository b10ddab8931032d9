"""What a limit is, and what happens where one is reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in each `seconds`, of what `name` says."""

    name: str
    most: int
    seconds: int


class QuotaError(Exception):
    """More was asked for than a limit allows; the message says so and what to do.

    `seconds`: after how long it may be asked for again.
    """

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds
