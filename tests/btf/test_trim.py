"""Trimmed BTF is valid BTF that gives the same answers."""

from __future__ import annotations

import pytest

from kfmap.btf.compat import FOUND, MISSING, resolve_function
from kfmap.btf.declare import declare_function
from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, read_btf
from kfmap.btf.trim import trim_btf
from tests.btf.sample import sample_kernel


@pytest.fixture(params=["little", "big"])
def pair(request: pytest.FixtureRequest) -> tuple[Btf, Btf]:
    full = read_btf(sample_kernel(request.param).build())
    return full, read_btf(trim_btf(full, {"bpf_task_acquire", "not_there"}))


def test_trim_keeps_kfuncs_with_prototype_and_tags(pair: tuple[Btf, Btf]) -> None:
    full, small = pair
    old = full.find("bpf_task_acquire", Kind.FUNC)
    new = small.find("bpf_task_acquire", Kind.FUNC)
    assert old and new
    assert declare_function(small, new) == declare_function(full, old)
    assert small.tags(new) == full.tags(old)
    assert resolve_function(full, old, small, "bpf_task_acquire") == FOUND


def test_trim_drops_other_functions_sections_and_unused_types(pair: tuple[Btf, Btf]) -> None:
    full, small = pair
    assert resolve_function(full, full.find("ordinary") or 0, small, "ordinary") == MISSING
    assert not list(small.ids_of(Kind.DATASEC))
    assert "UNUSED" not in {
        name for at in small.ids_of(Kind.ENUM) for name, _ in small.enumerators(at)
    }
    assert len(small) < len(full)


def test_trim_keeps_named_types_as_they_are(pair: tuple[Btf, Btf]) -> None:
    full, small = pair
    for name in ("task_struct", "color", "wide", "later", "double", "runqueues", "handler_t"):
        old, new = full.find(name), small.find(name)
        assert old and new
        assert small.kind(new) is full.kind(old)
    members = [
        [(row.name, row.bit_offset, row.bitfield_size) for row in btf.members(task)]
        for btf in pair
        if (task := btf.find("task_struct"))
    ]
    assert members[0] == members[1]
    assert small.byteorder == full.byteorder


def test_trimmed_btf_is_trimmed_to_itself(pair: tuple[Btf, Btf]) -> None:
    small = pair[1]
    again = trim_btf(small, {"bpf_task_acquire"})
    assert again == trim_btf(read_btf(again), {"bpf_task_acquire"})
    assert len(read_btf(again)) == len(small)
