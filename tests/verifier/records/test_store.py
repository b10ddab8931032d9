"""Verdicts in rows: by object, facts and engine; what went in comes out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.engine.judging.toy import kernel_facts
from verifier.engine.result import Reason
from verifier.records import store
from verifier.records.models import BpfObject, Check, CheckTime, Finding

pytestmark = pytest.mark.django_db


def create_kernel(name: str) -> Kernel:
    """Put the toy kernel into the map under a name."""
    return save_kernel(replace(create_toy_kernel(), name=name), None).kernel


def test_object_comes_back_as_it_was_saved() -> None:
    summary = create_summary("toy_running", "toy_init")
    assert store.load_summary(create_object(summary=summary)) == summary


def test_names_of_any_length_come_back() -> None:
    name = "x" * 5000
    summary = create_summary(name)
    obj, kernel = create_object(summary=summary), create_kernel("7.2")
    verdict = create_verdict("7.2", name, create_finding(kfunc=name))
    store.save_verdict(obj, kernel.facts_hash, verdict)
    assert store.load_checked(obj, [kernel]).verdicts == (verdict,)


def test_verdict_comes_back_as_it_was_saved() -> None:
    obj, kernel = create_object(), create_kernel("7.2")
    verdict = create_verdict("7.2", "toy_running", create_finding(), create_finding("dead"))
    store.save_verdict(obj, kernel.facts_hash, verdict)
    checked = store.load_checked(obj, [kernel])
    assert checked.verdicts == (verdict,)
    assert checked.summary == create_summary("toy_running")


def test_verdicts_on_several_kernels_cost_as_many_queries_as_on_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    obj = create_object()
    kernels = [create_kernel(f"7.{number}") for number in range(5)]
    verdicts = {
        row.facts_hash: create_verdict(row.name, "toy_running", create_finding()) for row in kernels
    }
    times = {row.name: 0.5 for row in kernels}
    store.note_checked(obj)
    for some in (1, len(kernels)):
        CheckTime.objects.add(dict(list(times.items())[:some]))  # rows are there from then on
        Check.objects.all().delete()
        with django_assert_num_queries(10):
            store.save_verdicts(obj, dict(list(verdicts.items())[:some]))
            CheckTime.objects.add(dict(list(times.items())[:some]))
    assert list(store.load_checked(obj, kernels).verdicts) == list(verdicts.values())
    counts = dict(CheckTime.objects.values_list("kernel", "count"))
    assert counts == {"7.0": 4, "7.1": 2, "7.2": 2, "7.3": 2, "7.4": 2}
    assert CheckTime.objects.get(kernel="7.0").seconds == 2.0


def test_kernel_without_an_answer_is_pending_and_then_not() -> None:
    obj, old, new = create_object(), create_kernel("6.12"), create_kernel("7.2")
    store.save_verdict(obj, old.facts_hash, create_verdict("6.12", "toy_running"))
    assert store.pending_kernels(obj) == [new]
    store.save_unchecked(obj, new.facts_hash, "Could not be checked: it took longer than 1 s.")
    assert store.pending_kernels(obj) == []
    (unchecked,) = store.load_checked(obj, [old, new]).unchecked
    assert unchecked.kernel == "7.2"


def test_a_kfunc_that_was_taken_for_a_modules_is_asked_for_again_once_a_kernel_has_it() -> None:
    obj, old = create_object(), create_kernel("6.12")
    reason = Reason("module", "no kernel of the map has a kfunc new_kfunc")
    finding = replace(create_finding("unknown", "new_kfunc"), reasons=(reason,))
    store.save_verdict(obj, old.facts_hash, create_verdict("6.12", "toy_running", finding))
    assert store.pending_kernels(obj) == []
    newer = save_kernel(replace(kernel_facts("new_kfunc"), name="7.2"), None).kernel
    assert store.pending_kernels(obj) == [old, newer]


def test_verdict_of_an_older_engine_does_not_count() -> None:
    obj, kernel = create_object(), create_kernel("7.2")
    store.save_verdict(obj, kernel.facts_hash, create_verdict("7.2", "toy_running"))
    Check.objects.update(engine_version=0)
    assert store.pending_kernels(obj) == [kernel]


def test_object_that_an_earlier_release_checked_is_not_stale_for_long() -> None:
    checked, unchecked = create_object(), BpfObject.objects.create(sha256="cd" * 32, size=1)
    store.save_verdict(checked, create_kernel("7.2").facts_hash, create_verdict("7.2", "toy"))
    assert set(store.find_stale()) == {unchecked}
    BpfObject.objects.update(checked_by=0)  # as a worker leaves it that does not know the column
    assert set(store.find_stale()) == {checked, unchecked}
    store.catch_up()
    assert set(store.find_stale()) == {unchecked}


def test_saving_again_replaces() -> None:
    obj, kernel = create_object(), create_kernel("7.2")
    for _ in range(2):
        verdict = create_verdict("7.2", "toy_running", create_finding())
        store.save_verdict(obj, kernel.facts_hash, verdict)
    assert (Check.objects.count(), Finding.objects.count()) == (1, 1)


def test_checks_read_lately_cost_one_query_and_new_ones_are_read(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    obj, old, new = create_object(), create_kernel("6.12"), create_kernel("7.2")
    store.save_verdict(obj, old.facts_hash, create_verdict("6.12", "toy_running"))
    first = store.load_checks(obj, [old, new])
    with django_assert_num_queries(1):
        assert store.load_checks(obj, [old, new]) == first
    store.save_verdict(obj, new.facts_hash, create_verdict("7.2", "toy_running", create_finding()))
    store.save_verdict(obj, old.facts_hash, create_verdict("6.12", "other"))
    with django_assert_num_queries(3):
        found = store.load_checks(obj, [old, new])
    assert [program.program for program in found[old.facts_hash].programs] == ["other"]
    assert len(found[new.facts_hash].programs[0].findings) == 1


def test_queries_do_not_grow_with_programs(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    summary = create_summary(*(f"program_{number}" for number in range(40)))
    obj, kernel = create_object(summary=summary), create_kernel("7.2")
    verdict = create_verdict("7.2", "program_1", create_finding())
    store.save_verdict(obj, kernel.facts_hash, verdict)
    with django_assert_num_queries(5):
        store.load_checked(obj, [kernel])
