"""Verdicts that hold for several kernels: made on one, and found again for each that answers alike.

What was asked about a program on an earlier kernel is asked of the next one, in the same order,
until an answer differs. Where none does, the verdict is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.inputs import Key as GivenKey
from verifier.engine.flow.inputs import source_of
from verifier.engine.judging.asking import Answers, Asked
from verifier.engine.judging.interview import GivenAnswers, Interview
from verifier.engine.judging.loader import Relocations
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.program import ObjectJudge
from verifier.engine.result import ProgramVerdict

_MOST_KERNELS = 4  # whose answers about an object are kept
# Of the steps that may be taken: what is left of them decides how exactly a program is walked, so
# an object that takes more is judged as a whole on each kernel that answers otherwise.
_LIGHT = 1 / 4


class Judged(NamedTuple):
    """A program on a kernel: what was asked, in this order, and the verdict. `walked`: the code
    was.

    `given`: what of that the code was given, but for CO-RE relocations; `patched`: by these, which
    is the same where `relocations` asks no more than what the same become.
    """

    asked: tuple[Asked, ...]
    given: tuple[GivenKey, ...]
    patched: tuple[GivenKey, ...]
    relocations: tuple[Asked, ...]
    walked: bool
    verdict: ProgramVerdict


@dataclass(frozen=True, slots=True)
class Told:
    """What one kernel answered about an object, and the programs that were judged by that.

    `steps`: the part that was taken of those that may be.
    """

    answers: Answers
    given: GivenAnswers
    programs: dict[int, Judged]
    steps: float

    def find_alike(self, group: Iterable[int], kernel: Interview) -> dict[int, Judged]:
        """Return the programs of a group about which another kernel answers the same."""
        found = {}
        for index in group:
            judged = self.programs.get(index)
            if judged is not None and self._is_alike(judged, kernel):
                found[index] = judged
        return found

    def _is_alike(self, judged: Judged, kernel: Interview) -> bool:
        if not self._says_alike(judged.asked, kernel):
            return False
        if not self._gives_alike(judged.given, kernel):
            return False
        return self._says_alike(judged.relocations, kernel) or self._gives_alike(
            judged.patched, kernel
        )

    def _says_alike(self, questions: Iterable[Asked], kernel: Interview) -> bool:
        peek, answers = kernel.peek, self.answers
        return all(peek(asked) == answers[asked] for asked in questions)

    def _gives_alike(self, keys: Iterable[GivenKey], kernel: Interview) -> bool:
        peek, given = kernel.peek_given, self.given
        return all(peek(key) == given[key] for key in keys)

    def has_walked(self, index: int) -> bool:
        """Return whether this kernel walked a program."""
        return index in self.programs and self.programs[index].walked


def judge_object(prepared: Prepared, kernel: Interview) -> tuple[ProgramVerdict, ...]:
    """Return the verdicts in the order of the programs, for one kernel after another."""
    numbers = range(len(prepared.object.programs))
    found: dict[int, Judged] = {}
    for group in prepared.groups if prepared.told else ():
        found.update(find_judged(group, prepared.told, kernel))
    if len(found) < len(numbers):
        if any(told.steps > _LIGHT for told in prepared.told):
            found = {}
        found.update(_judge(prepared, kernel, [n for n in numbers if n not in found]))
    return tuple(found[number].verdict for number in numbers)


def find_judged(
    group: Sequence[int], known: Iterable[Told], kernel: Interview
) -> dict[int, Judged]:
    """Return the programs of a group on which the verdict of an earlier kernel holds.

    Of those that were walked, all or none, and all from one kernel that walked no others: what
    walking one found serves the next.
    """
    idle: dict[int, Judged] = {}
    walked: list[tuple[Told, dict[int, Judged]]] = []
    for told in known:
        alike = told.find_alike(group, kernel)
        if len(alike) == len(group):
            return alike
        walked.append((told, alike))
        idle.update((index, item) for index, item in alike.items() if not item.walked)
    for told, alike in walked:
        if all(index in alike or (index in idle and not told.has_walked(index)) for index in group):
            return idle | alike
    return idle


def _judge(prepared: Prepared, kernel: Interview, programs: Iterable[int]) -> dict[int, Judged]:
    """Judge programs, and keep what was asked for the kernels to come."""
    judge = ObjectJudge(prepared, kernel)
    judged = {index: _judge_one(judge, index, kernel) for index in programs}
    steps = judge.engines.steps_taken + max((told.steps for told in prepared.told), default=0)
    if steps <= 1:
        prepared.told.insert(0, Told(kernel.answers, kernel.given_answers, judged, steps))
        del prepared.told[_MOST_KERNELS:]
    return judged


def _judge_one(judge: ObjectJudge, index: int, kernel: Interview) -> Judged:
    kernel.begin()
    before = judge.engines.walks
    verdict = judge.judge(index)
    walked = judge.engines.walks > before
    asked, given = tuple(kernel.notes), tuple(kernel.given)
    if not judge.prepared.relocations.by_slot:
        return Judged(asked, given, (), (), walked, verdict)
    given, patched, alike = _tell_patched(judge.prepared.relocations, given)
    for question in alike:
        kernel.peek(question)
    return Judged(asked, given, patched, alike, walked, verdict)


def _tell_patched(
    relocations: Relocations, keys: Iterable[GivenKey]
) -> tuple[tuple[GivenKey, ...], tuple[GivenKey, ...], tuple[Asked, ...]]:
    """Return apart what is no relocation, what is one, and which different ones that asks."""
    given, patched = [], []
    alike: dict[Asked, None] = {}
    for key in keys:
        place = relocations.first_alike(*source_of(key))
        if place is None:
            given.append(key)
        else:
            patched.append(key)
            alike["core", *place] = None
    return tuple(given), tuple(patched), tuple(alike)
