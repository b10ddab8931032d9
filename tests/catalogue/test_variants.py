"""Variants: kept as kernels of the map, the kernel they come from unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import KernelExistsError, load_kernel, save_kernel
from kfmap.catalogue.variants import keep_variant
from kfmap.permission.context_text import parse_context
from kfmap.permission.what_if.edit_json import read_edits
from kfmap.permission.what_if.edits import ChangeRow, EditError, MoveKfunc
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db
EDITS = (ChangeRow("toy_allow", "running", ("ALLOW_DISPATCH",)),)


@pytest.fixture(autouse=True)
def toy() -> None:
    """Put the toy kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def test_a_variant_answers_like_a_kernel() -> None:
    kept = keep_variant(load_kernel("toy"), EDITS, "toy-wide", None)
    assert kept.source == Kernel.Source.VARIANT
    for name, verdict in (("toy", "refused"), ("toy-wide", "allowed")):
        kernel = load_kernel(name)
        context = parse_context("struct_ops:toy_ops.running", kernel.facts)
        assert kernel.decider.decide(context, "toy_move").verdict == verdict


def test_a_variant_has_the_options_of_its_base() -> None:
    save_kernel(replace(create_toy_kernel(), name="set"), None, config=b"CONFIG_HZ=250\n")
    keep_variant(load_kernel("set"), EDITS, "set-wide", None)
    assert load_kernel("set-wide").options == {"CONFIG_HZ": "250"}


def test_a_variant_remembers_its_base_and_edits() -> None:
    base = load_kernel("toy")
    kept = keep_variant(base, EDITS, "toy-wide", None)
    assert (kept.variant.base_name, kept.variant.base_facts_hash) == ("toy", base.facts_hash)
    assert read_edits(kept.variant.edits) == EDITS


def test_a_variant_may_not_take_the_name_of_a_kernel_nor_edit_what_is_not_there() -> None:
    base = load_kernel("toy")
    with pytest.raises(KernelExistsError):
        keep_variant(base, EDITS, "toy", None)
    with pytest.raises(EditError):
        keep_variant(base, [MoveKfunc("nothing", "toy_any", "")], "toy-odd", None)
    assert not Kernel.objects.filter(source=Kernel.Source.VARIANT).exists()
