"""What a kernel and the loader put into the code: answers asked for while functions are walked.

Each answer is logged, so that what was found out for one kernel holds for every other that gives
the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from verifier.flow.values import Value

POISON = "poison"


class Patch(NamedTuple):
    """What a CO-RE relocation makes of an instruction: a value, or POISON (an invalid call)."""

    outcome: str
    value: int = 0


class KfuncAnswer(NamedTuple):
    """Is an extern function `found` in this kernel, and is null among what it may return?"""

    found: bool
    may_be_null: bool


Key = tuple[str, int | str, int]
Answer = Patch | KfuncAnswer | Value | bytes | None


class Inputs:
    """Answers by kind: "core" (section, slot); "address", "kconfig", "kfunc" (an extern)."""

    def __init__(self, answers: dict[str, Callable[[int | str, int], Answer]]) -> None:
        self._answers = answers
        self._known: dict[Key, Answer] = {}
        self.log: dict[Key, Answer] = {}

    def peek(self, key: Key) -> Answer:
        """Give an answer without logging it."""
        if key not in self._known:
            self._known[key] = self._answers[key[0]](key[1], key[2])
        return self._known[key]

    def ask(self, key: Key) -> Answer:
        """Give an answer, and note that it was asked for."""
        answer = self.log[key] = self.peek(key)
        return answer

    def core(self, section: str, slot: int) -> Patch:
        answer = self.ask(("core", section, slot))
        assert isinstance(answer, Patch)
        return answer

    def kfunc(self, extern: int) -> KfuncAnswer:
        answer = self.ask(("kfunc", extern, 0))
        assert isinstance(answer, KfuncAnswer)
        return answer

    def address(self, extern: int) -> Value:
        """Give the address of an extern: 0 if it does not exist."""
        answer = self.ask(("address", extern, 0))
        assert answer is not None and not isinstance(answer, Patch | KfuncAnswer | bytes)
        return answer

    def kconfig(self, extern: int) -> bytes | None:
        """Give the bytes of a kconfig variable, None if they are not known."""
        answer = self.ask(("kconfig", extern, 0))
        assert answer is None or isinstance(answer, bytes)
        return answer
