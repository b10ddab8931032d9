"""A verdict is found again for each kernel that gives the same answers, and for no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from tests.verifier.bundled import bundled_kernel
from tests.verifier.engine.object.objects import NAMES, read
from verifier.engine.judging import sharing
from verifier.engine.judging.groups import group_programs
from verifier.engine.judging.prepared import Steps
from verifier.engine.verdict import KernelUnderTest, Prepared, check_object, prepare_object

_KERNELS = tuple(kernel.name for kernel in find_bundled())
_OBJECT = "scheduler.bpf.o"


@pytest.mark.parametrize("name", NAMES)
def test_kernels_one_after_another_say_what_each_says_alone(name: str) -> None:
    alone = {kernel: check_object(read(name), bundled_kernel(kernel)) for kernel in _KERNELS}
    for kernels in (_KERNELS, _KERNELS[::-1]):
        prepared = prepare_object(read(name))
        for kernel in kernels:
            assert check_object(prepared, bundled_kernel(kernel)) == alone[kernel]


def _told(prepared: Prepared) -> list[set[int]]:
    """Return which programs were judged on each kernel whose answers are kept, the first first."""
    return [set(told.programs) for told in reversed(prepared.told)]


def test_a_kernel_that_answers_alike_is_not_judged_by() -> None:
    prepared = prepare_object(read(_OBJECT))
    kernel = bundled_kernel("7.3")
    first = check_object(prepared, kernel)
    again = KernelUnderTest(replace(kernel.facts), kernel.types, kernel.config, kernel.functions)
    second = check_object(prepared, again)
    assert _told(prepared) == [set(range(len(first.programs)))]
    pairs = zip(first.programs, second.programs, strict=True)
    assert all(one is other for one, other in pairs)


def test_only_what_a_kernel_answers_otherwise_is_judged_anew() -> None:
    prepared = prepare_object(read(_OBJECT))
    for name in ("7.3", "7.2", "7.3-rt"):
        check_object(prepared, bundled_kernel(name))
    everything, other = _told(prepared)  # and 7.3-rt is found among the former
    assert other < everything


def test_answers_of_a_few_kernels_are_kept() -> None:
    prepared = prepare_object(read(_OBJECT))
    for name in _KERNELS:
        check_object(prepared, bundled_kernel(name))
        assert len(prepared.told) <= 4


def test_what_a_walk_without_enough_steps_said_is_not_kept() -> None:
    prepared = prepare_object(read(_OBJECT), steps=Steps(joined=10))
    check_object(prepared, bundled_kernel("7.3"))
    assert prepared.told == []


def test_an_object_that_takes_many_steps_is_judged_as_a_whole() -> None:
    few = prepare_object(read(_OBJECT))
    check_object(few, bundled_kernel("7.3"))
    part = few.told[0].steps
    assert 0 < part < 1 / 4
    prepared = prepare_object(read(_OBJECT), steps=Steps(joined=int(few.steps.joined * part * 2)))
    check_object(prepared, bundled_kernel("7.3"))
    check_object(prepared, bundled_kernel("7.2"))
    assert all(len(told) == len(read(_OBJECT).programs) for told in _told(prepared))


class _Reach:
    def __init__(self, *functions: int) -> None:
        self.functions = functions


@pytest.mark.parametrize(
    ("reached", "groups"),
    [
        ([], ()),
        ([[0], [1], [2]], ((0,), (1,), (2,))),
        ([[0, 5], [1], [2, 5]], ((0, 2), (1,))),
        ([[0, 5], [1, 6], [2, 5, 6], [3]], ((0, 1, 2), (3,))),
        ([[0, 7], [1, 8], [2, 9], [7, 8], [9, 8]], ((0, 1, 2, 3, 4),)),
    ],
)
def test_programs_with_functions_in_common_are_one_group(
    reached: list[list[int]], groups: tuple[tuple[int, ...], ...]
) -> None:
    assert group_programs([_Reach(*item) for item in reached]) == groups  # type: ignore[misc]


class _Kernel:
    """Answers what it is asked by one number, the same for everything."""

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def peek(self, _: object) -> int:
        return self.answer

    peek_given = peek


def _kept(answer: int, walked: dict[int, bool]) -> sharing.Told:
    programs = {
        number: sharing.Judged((("?",),), (), (), (), was, f"{answer}.{number}")  # type: ignore[arg-type]
        for number, was in walked.items()
    }
    return sharing.Told({("?",): answer}, {}, programs, 0.0)


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ([_kept(1, {0: True, 1: True})], {0: "1.0", 1: "1.1"}),
        ([_kept(2, {0: True, 1: True})], {}),
        # not all of those that were walked were so on a kernel that answers alike
        ([_kept(1, {0: True})], {}),
        ([_kept(1, {0: True}), _kept(2, {1: True})], {}),
        # what no kernel walks is for itself
        ([_kept(1, {0: False})], {0: "1.0"}),
        ([_kept(1, {0: True}), _kept(1, {1: False})], {0: "1.0", 1: "1.1"}),
        ([_kept(1, {0: False}), _kept(1, {1: True})], {0: "1.0", 1: "1.1"}),
    ],
)
def test_what_was_walked_is_found_together(kept: list[sharing.Told], found: dict[int, str]) -> None:
    got = sharing.find_judged((0, 1), kept, _Kernel(1))  # type: ignore[arg-type]
    told: dict[int, object] = {number: judged.verdict for number, judged in got.items()}
    assert told == found
