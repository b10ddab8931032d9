"""What differs between two kernels: flips of any layer, renamings, groups of contexts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.kernel.facts import KernelFacts, KfuncSet
from kfmap.web.compare.changes import find_changes
from tests.permission.small_kernel import create_toy_kernel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]


def save(name: str, facts: KernelFacts) -> None:
    """Put a kernel into the map."""
    save_kernel(replace(facts, name=name), None)


def rename(facts: KernelFacts, old: str, new: str) -> KernelFacts:
    """Return the kernel with a kfunc under another name and another prototype."""

    def in_set(item: KfuncSet) -> KfuncSet:
        entries = tuple(
            replace(entry, kfunc=new) if entry.kfunc == old else entry for entry in item.entries
        )
        return replace(item, entries=entries)

    kfuncs = tuple(
        replace(item, name=new, prototype=f"int {new}(void *x)") if item.name == old else item
        for item in facts.kfuncs
    )
    return replace(facts, sets=tuple(map(in_set, facts.sets)), kfuncs=kfuncs)


def test_a_renamed_kfunc_neither_comes_nor_goes_and_its_cells_are_compared() -> None:
    save("9.0", create_toy_kernel())
    save("9.1", rename(create_toy_kernel(), "toy_move", "toy_move_impl"))
    changes = find_changes(load_kernel("9.0"), load_kernel("9.1"))
    assert changes.kfuncs_renamed == (("toy_move", "toy_move_impl"),)
    assert (changes.kfuncs_added, changes.kfuncs_removed) == ((), ())
    assert changes.flipped == 0
    same = find_changes(load_kernel("9.0"), load_kernel("9.0"))
    assert changes.compared == same.compared


def test_a_cell_that_flips_by_a_layer_alone_counts() -> None:
    toy = create_toy_kernel()
    hooks = replace(toy.targets, sleepable_hooks=()) if toy.targets else None
    save("9.0", toy)
    save("9.1", replace(toy, targets=hooks))
    changes = find_changes(load_kernel("9.0"), load_kernel("9.1"))
    assert [(kind.before, kind.after) for kind in changes.kinds] == [
        ("only_if_sleepable", "will_not_load")
    ]


def test_comparison_can_be_narrowed_to_a_structure(client: Client) -> None:
    everything = find_changes(load_kernel("8.0"), load_kernel("8.1"))
    narrowed = find_changes(load_kernel("8.0"), load_kernel("8.1"), "toy_ops")
    assert 0 < narrowed.flipped < everything.flipped
    text = client.get("/compare/8.0/8.1/?group=toy_ops").content.decode()
    assert f"{narrowed.flipped} of {narrowed.compared} cells that both have in toy_ops" in text
    assert "<option selected>toy_ops</option>" in text
    answer = client.get("/compare/?old=8.0&new=8.1&group=toy_ops")
    assert answer["Location"] == "/compare/8.0/8.1/?group=toy_ops"
