"""The outcome of an object: on each kernel the program that fares worst speaks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.conftest import create_object
from verifier.engine.result import FAILS_AT_RUN_TIME, PASSES, REFUSED, ObjectVerdict, ProgramVerdict
from verifier.records import store
from verifier.records.models import BpfObject
from verifier.records.outcome import Outcome, load_outcomes

pytestmark = pytest.mark.django_db


def check(obj: BpfObject, kernel: Kernel, *words: str) -> None:
    """Save one program a word."""
    programs = (ProgramVerdict(f"p{at}", word, (), (), ()) for at, word in enumerate(words))
    store.save_verdict(obj, kernel.facts_hash, ObjectVerdict(kernel.name, tuple(programs)))


def create_kernels(*names: str) -> list[Kernel]:
    """Put the toy kernel into the map under several names."""
    return [save_kernel(replace(create_toy_kernel(), name=name), None).kernel for name in names]


def test_outcome_is_that_of_the_worst_program_on_each_kernel() -> None:
    obj, (old, middle, new) = create_object(), create_kernels("6.12", "6.18", "7.2")
    check(obj, old, PASSES, PASSES)
    check(obj, middle, FAILS_AT_RUN_TIME, PASSES)
    check(obj, new, FAILS_AT_RUN_TIME, REFUSED)
    assert load_outcomes([obj])[obj.pk] == [
        Outcome(PASSES, ("6.12",)),
        Outcome(FAILS_AT_RUN_TIME, ("6.18",)),
        Outcome(REFUSED, ("7.2",)),
    ]


def test_object_that_no_kernel_has_judged_has_no_outcome() -> None:
    assert load_outcomes([create_object()]) == {}


def test_outcomes_of_many_objects_cost_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    (kernel,) = create_kernels("7.2")
    objects = [create_object(sha256=f"{at:064x}") for at in range(3)]
    for obj in objects:
        check(obj, kernel, PASSES)
    with django_assert_num_queries(2):
        assert len(load_outcomes(objects)) == 3
