"""Stored rows say what each kernel says when it is asked itself, and are made where missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import DatabaseError
from pytest_django import DjangoAssertNumQueries

from kfmap.btf.function_names import FunctionNames
from kfmap.catalogue.models import FunctionRow, Kernel, KernelRows
from kfmap.catalogue.questions import QueryError, ask
from kfmap.catalogue.rows import keep
from kfmap.catalogue.rows.keep import keep_rows, load_kept
from kfmap.catalogue.rows.read import RowsOnAll
from kfmap.catalogue.rows.steps import count_steps
from kfmap.catalogue.store import LoadedKernel, load_row, save_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.permission.outcome_words import NOT_A_KFUNC, NOT_ON_THIS_KERNEL
from kfmap.permission.sleeping import find_sleepable_form
from kfmap.web.compare.changes import find_changes
from tests.permission.small_kernel import create_toy_kernel
from tests.web.conftest import create_newer, create_older

pytestmark = pytest.mark.django_db


def _put(*kernels: KernelFacts) -> list[Kernel]:
    return [save_kernel(facts, None).kernel for facts in kernels]


def _contexts(kernel: LoadedKernel) -> Iterator[Context]:
    for context in kernel.matrix.contexts:
        yield context
        form = find_sleepable_form(context, kernel.decider.views)
        if form:
            yield form


def _ask(kernel: Kernel, context: str, function: str) -> str:
    try:
        return ask(load_row(kernel).judge, context, function).outcome.outcome
    except QueryError:
        return NOT_ON_THIS_KERNEL


def _disagreements(kernels: list[Kernel], step: int = 1) -> list[tuple[str, ...]]:
    """Return the cells, every `step`th, that the rows know otherwise than the kernels do."""
    loaded = [load_row(kernel) for kernel in kernels]
    functions = sorted({name for item in loaded for name in item.decider.kfuncs})
    contexts = {render_context(c): c for item in loaded for c in _contexts(item)}
    cells = [(context, name) for context in sorted(contexts) for name in (*functions, "bpf_absent")]
    rows = RowsOnAll(kernels)
    found: list[tuple[str, ...]] = []
    for context, name in cells[::step]:
        words = rows.find_outcomes(contexts[context], context, name)
        for kernel, word in zip(kernels, words, strict=True):
            if word is not None and word != (own := _ask(kernel, context, name)):
                found.append((kernel.name, context, name, word, own))
    return found


def test_every_cell_is_as_its_kernel_answers() -> None:
    old = replace(create_toy_kernel(), name="7.9", struct_ops=(), kfuncs=())
    kernels = _put(old, create_older(), create_newer())
    assert not _disagreements(kernels)
    words = RowsOnAll(kernels).find_outcomes(Context("BPF_PROG_TYPE_XDP"), "xdp", "toy_insert")
    assert None not in list(words)


def test_the_rows_cost_as_many_queries_for_two_kernels_as_for_six(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    kernels = _put(*(replace(create_toy_kernel(), name=f"8.{minor}") for minor in range(6)))
    load_kept(kernels)
    for some in (kernels[:2], kernels):
        with django_assert_num_queries(2):
            assert len(RowsOnAll(some).find_function("toy_insert")) == len(some)


def test_rows_of_another_engine_are_made_anew_and_go_later(monkeypatch: pytest.MonkeyPatch) -> None:
    [kernel] = _put(create_older())
    load_kept([kernel])
    for step in (1, 2):
        monkeypatch.setattr(keep, "ENGINE_VERSION", ENGINE_VERSION + step)
        keep_rows()
        # An older process still reads those of the engine before.
        assert KernelRows.objects.count() == 2, step


def test_rows_go_with_their_facts() -> None:
    [kernel] = _put(create_older())
    keep_rows()
    kernel.delete()
    keep_rows()
    assert not KernelRows.objects.exists()


def test_a_database_that_takes_nothing_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise DatabaseError("database or disk is full")

    kernels = _put(create_older(), create_newer())
    monkeypatch.setattr(keep, "store_rows", refuse)
    assert not _disagreements(kernels)
    assert not KernelRows.objects.exists()
    grid = RowsOnAll(kernels).find_function("toy_new")
    assert [on.present for on in grid] == [False, True]
    assert grid[1].count_by_family() != {}
    assert count_steps([(kernels[0], kernels[1])])[0].kfuncs_added == 1


def test_a_function_that_only_another_kernel_has_as_a_kfunc_is_none_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = create_older(), create_newer()
    first = save_kernel(old, None, functions=b"packed").kernel
    [second] = _put(new)
    monkeypatch.setattr(FunctionNames, "__init__", lambda self, data: None)
    monkeypatch.setattr(FunctionNames, "has", lambda self, name: name == "toy_new")
    keep_rows()
    plain = FunctionRow.objects.filter(kind=FunctionRow.Kind.FUNCTION)
    assert list(plain.values_list("name", flat=True)) == ["toy_new"]
    words = RowsOnAll([first, second]).find_outcomes(Context("BPF_PROG_TYPE_XDP"), "xdp", "toy_new")
    assert next(words) == NOT_A_KFUNC


def test_steps_count_what_a_comparison_lists() -> None:
    kernels = _put(create_older(), create_newer())
    [counted] = count_steps([(kernels[0], kernels[1])])
    changes = find_changes(load_row(kernels[0]), load_row(kernels[1]))
    assert counted.flipped == changes.flipped > 0
    assert [item[:2] for item in counted.flips] == [(k.before, k.after) for k in changes.kinds]
    assert counted.kfuncs_added == len(changes.kfuncs_added)
    assert counted.kfuncs_removed == len(changes.kfuncs_removed)
    assert counted.prototypes_changed == len(changes.kfuncs_changed)
    assert counted.contexts_added == len(changes.contexts_added)
    assert counted.contexts_removed == len(changes.contexts_removed)
