"""What a kernel and the loader put into the code: answers asked for while functions are walked.

Each answer is logged, so that what was found out for one kernel holds for every other that gives
the same answers. Of a number that is only compared, how the comparison turns out is logged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from verifier.engine.flow import branch
from verifier.engine.flow.branch import Ways
from verifier.engine.flow.values import U32, U64, Asked, Given, Source, Value, extend

POISON = "poison"
UNRESOLVED = "unresolved"
_HALF = 4


class Patch(NamedTuple):
    """What a CO-RE relocation makes of an instruction: a value, POISON (an invalid call), or
    UNRESOLVED where the kernel's types are not known."""

    outcome: str
    value: int = 0


class KfuncAnswer(NamedTuple):
    """Is an extern function `found` in this kernel, and is null among what it may return?"""

    found: bool
    may_be_null: bool


class Known(NamedTuple):
    """Is it known what the kernel gives?"""

    source: Source


class Test(NamedTuple):
    """Which ways a comparison of what the kernel gives with `other` goes."""

    source: Source
    operation: int
    other: int
    bits: int


Plain = tuple[Asked, int | str, int]
Key = Plain | Source | Known | Test
Answer = Patch | KfuncAnswer | Ways | Value | bytes | None


def source_of(key: Key) -> tuple[Asked, int | str, int]:
    """Return what a key asks about: the kind, and where it is."""
    if isinstance(key, Known | Test):
        key = key.source
    return key[0], key[1], key[2]


def _written(patch: Patch, size: int) -> int | None:
    """Return what a register holds after the patched instruction that sets 4 or 8 bytes of it."""
    if patch.outcome in (POISON, UNRESOLVED):
        return None
    return patch.value & U32 if size == _HALF else patch.value & U64


class Inputs:
    """What a kernel answers, and a log of what it was asked."""

    def __init__(
        self,
        answers: dict[Asked, Callable[[int | str, int], Answer]],
        order: Literal["little", "big"] = "little",
        known: dict[Key, Answer] | None = None,
    ) -> None:
        self._answers = answers
        self._order = order
        self.known: dict[Key, Answer] = {} if known is None else known
        self.log: dict[Key, Answer] = {}

    def with_own_log(self) -> Inputs:
        """Return the same kernel's answers with a log of their own."""
        return Inputs(self._answers, self._order, self.known)

    def peek(self, key: Key) -> Answer:
        """Return an answer without logging it."""
        if key not in self.known:
            self.known[key] = self._find(key)
        return self.known[key]

    def ask(self, key: Key) -> Answer:
        """Return an answer, and note that it was asked for."""
        answer = self.log[key] = self.peek(key)
        return answer

    def _find(self, key: Key) -> Answer:
        if isinstance(key, Source):
            return self._number(key)
        if isinstance(key, Known):
            return self.peek(key.source) is not None
        if isinstance(key, Test):
            number = self.peek(key.source)
            if not isinstance(number, int):
                return None
            return branch.decide(key.operation, number, key.other, key.bits)
        return self._answers[key[0]](key[1], key[2])

    def _number(self, source: Source) -> int | None:
        """Return the number at a source, None if it is not known."""
        answer = self.peek((source.kind, source.at, source.slot))
        if isinstance(answer, Patch):
            return _written(answer, source.size)
        end = source.offset + source.size
        if not isinstance(answer, bytes) or source.offset < 0 or end > len(answer):
            return None
        number = int.from_bytes(answer[source.offset : end], self._order)
        return extend(number, source.size, source.is_signed)

    # numbers

    def give(self, source: Source) -> Given | None:
        """Return a number without noting what it is, None if it is not known."""
        if not self.ask(Known(source)):
            return None
        number = self.peek(source)
        assert isinstance(number, int)
        return Given(source, number)

    def settle(self, given: Given) -> int:
        """Return the number itself: from here on it matters what it is."""
        self.ask(given.source)
        return given.value

    def test(self, given: Given, operation: int, other: int, bits: int) -> Ways:
        """Decide a comparison of a number with a constant."""
        ways = self.ask(Test(given.source, operation, other, bits))
        assert isinstance(ways, Ways)
        return ways

    def fails(self, section: str, slot: int) -> bool:
        """Return whether a CO-RE relocation fails."""
        return bool(self.ask((Asked.FAILS, section, slot)))

    def walks_empty_loops(self) -> bool:
        """Return whether the callback of bpf_loop() is walked although it takes no turn."""
        return bool(self.ask((Asked.EMPTY_LOOPS, 0, 0)))

    def trusts_lookups(self) -> bool:
        """Return whether an array surely has the element at a constant that lies in it."""
        return bool(self.ask((Asked.SURE_LOOKUPS, 0, 0)))

    # externs

    def kfunc(self, extern: int) -> KfuncAnswer:
        answer = self.ask((Asked.KFUNC, extern, 0))
        assert isinstance(answer, KfuncAnswer)
        return answer

    def address(self, extern: int) -> Value:
        """Return the address of an extern: 0 if it does not exist."""
        answer = self.ask((Asked.ADDRESS, extern, 0))
        assert answer is not None and not isinstance(answer, Patch | KfuncAnswer | Ways | bytes)
        return answer
