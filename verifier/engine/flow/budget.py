"""How many steps a walk may take."""

from __future__ import annotations


class OutOfBudget(Exception):
    """The walk took more steps than it may."""


class Budget:
    """Steps that are left, one an instruction."""

    def __init__(self, steps: int) -> None:
        self._steps = self.left = steps

    @property
    def part_taken(self) -> float:
        """Return which part of the steps was taken, above 1 where there were too few."""
        return 1 - self.left / self._steps if self._steps else 1.0

    def spend(self, steps: int) -> None:
        """Take steps off what is left. Raises OutOfBudget where that is too little."""
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget
