"""How many steps a walk may take."""

from __future__ import annotations


class OutOfBudget(Exception):
    """The walk took more steps than it may."""


class Budget:
    """Steps that are left, one an instruction."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps off what is left. Raises OutOfBudget where that is too little."""
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget
