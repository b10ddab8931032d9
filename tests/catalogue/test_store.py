"""Rows ↔ facts: what goes in comes out, all or nothing, and nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.function_pack import pack_functions
from kfmap.btf.read import read_btf
from kfmap.catalogue.kept_parts import load_functions
from kfmap.catalogue.models import Kernel, Kfunc, Registration, SetEntry, StoredMatrix
from kfmap.catalogue.store import (
    KernelExistsError,
    NoSuchKernelError,
    load_kernel,
    load_types,
    save_kernel,
)
from kfmap.kernel.facts import KernelFacts
from tests.btf.btf_writer import BtfWriter
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db

CONFIG = b'CONFIG_HZ=250\n# CONFIG_B is not set\nCONFIG_T="#"\nCONFIG_A=y\n'


def create_toy(name: str = "toy", version: str = "1.0") -> KernelFacts:
    """Make the toy kernel's facts under another name or version."""
    return replace(create_toy_kernel(), name=name, version=version)


def test_kernel_comes_back_as_it_was_saved() -> None:
    facts = create_toy()
    save_kernel(facts, None)
    assert load_kernel("toy").facts == facts


def test_kernel_answers_after_loading() -> None:
    save_kernel(create_toy(), None)
    kernel = load_kernel("toy")
    assert kernel.matrix.kfuncs == kernel.decider.kfuncs
    assert "bpf_common" in kernel.matrix.kfuncs


def test_rows_index_every_fact() -> None:
    facts = create_toy()
    kernel = save_kernel(facts, None).kernel
    assert set(kernel.kfuncs.values_list("name", flat=True)) == {k.name for k in facts.kfuncs}
    assert SetEntry.objects.count() == sum(len(item.entries) for item in facts.sets)
    assert Registration.objects.count() == len(facts.registrations)
    assert kernel.struct_ops.get(name="toy_ops").members.count() == len(facts.struct_ops[0].members)
    both = Kfunc.objects.get(name="toy_both")
    ties = ("program_type", "hook__name", "kfunc_set__set_id", "filter__filter_id", "file", "line")
    assert set(kernel.registrations.values_list(*ties)) == {
        (
            item.program_type,
            item.hook,
            item.set_id,
            item.filter or None,
            item.place.file,
            item.place.line,
        )
        for item in facts.registrations
    }
    hooks = kernel.program_types.filter(hook__isnull=False).values_list("name", "hook__name")
    assert set(hooks) == {(item.program_type, item.hook) for item in facts.hook_of if item.hook}
    assert set(both.entries.values_list("kfunc_set__name", flat=True)) == {
        "toy_any",
        "toy_dispatch",
    }


def test_same_facts_again_change_nothing() -> None:
    first = save_kernel(create_toy(), None)
    second = save_kernel(create_toy(), None)
    assert not second.changed
    assert second.kernel.pk == first.kernel.pk
    assert Kernel.objects.count() == 1


def test_changed_facts_are_refused_unless_asked_for() -> None:
    save_kernel(create_toy(), None)
    with pytest.raises(KernelExistsError, match="choose another name"):
        save_kernel(create_toy(version="1.1"), None)
    assert Kernel.objects.get().version == "1.0"


def test_replace_leaves_one_kernel_with_the_new_facts() -> None:
    save_kernel(create_toy(), None)
    assert save_kernel(create_toy(version="1.1"), None, replace=True).changed
    assert load_kernel("toy").facts.version == "1.1"
    assert Kfunc.objects.filter(name="bpf_common").count() == 1


def test_save_that_breaks_leaves_the_map_as_it_was() -> None:
    save_kernel(create_toy(), None)
    facts = create_toy(version="1.1")
    torn = replace(facts, registrations=(replace(facts.registrations[0], set_id="no such set"),))
    with pytest.raises(KeyError):
        save_kernel(torn, None, replace=True)
    assert load_kernel("toy").facts.version == "1.0"


@pytest.mark.parametrize("name", ["", "../7.2", "a b", "-x", "<b>", "7.2\n", "x" * 64])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        save_kernel(create_toy(name=name), None)


def test_types_come_back_and_may_be_added_later() -> None:
    kernel = save_kernel(create_toy(), None).kernel
    assert load_types("toy", kernel.facts_hash) is None
    assert save_kernel(create_toy(), b"types").changed
    assert load_types("toy", kernel.facts_hash) == b"types"
    assert not save_kernel(create_toy(), b"types").changed


def test_options_come_back_and_may_be_added_later() -> None:
    save_kernel(create_toy(version="without options"), None)
    assert load_kernel("toy").options is None
    saved = save_kernel(create_toy(version="with options"), None, config=CONFIG, replace=True)
    assert saved.changed
    assert load_kernel("toy").options == {"CONFIG_A": "y", "CONFIG_HZ": "250", "CONFIG_T": '"#"'}
    assert not save_kernel(create_toy(version="with options"), None, config=CONFIG).changed


def test_names_of_functions_come_back_and_may_be_added_later() -> None:
    save_kernel(create_toy(), None)
    assert load_kernel("toy").functions is None
    writer = BtfWriter()
    writer.function("one")
    packed = pack_functions(read_btf(writer.build()))
    kernel = save_kernel(create_toy(), None, functions=packed).kernel
    assert load_functions("toy", kernel.facts_hash) == packed
    assert FunctionNames(packed).has("one")
    assert not save_kernel(create_toy(), None, functions=packed).changed


def test_unknown_kernel_is_named_with_those_there_are() -> None:
    with pytest.raises(NoSuchKernelError, match="load_kernels"):
        load_kernel("7.2")
    save_kernel(create_toy(), None)
    with pytest.raises(NoSuchKernelError, match=r"'7\.2'; it has toy"):
        load_kernel("7.2")


def test_matrix_is_kept_by_facts_and_engine() -> None:
    save_kernel(create_toy(version="never loaded before"), None)
    kernel = load_kernel("toy")
    decided = kernel.matrix
    assert StoredMatrix.objects.get().facts_hash == kernel.facts_hash
    del kernel.__dict__["matrix"]
    assert kernel.matrix == decided


def test_number_of_queries_does_not_grow_with_the_kernel(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(22):
        save_kernel(create_toy(), None)


def test_loading_twice_asks_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    save_kernel(create_toy(version="loaded twice"), None)
    with django_assert_num_queries(2):
        load_kernel("toy")
    with django_assert_num_queries(1):
        load_kernel("toy")
