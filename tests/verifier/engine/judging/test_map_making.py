"""Maps that no kernel makes as they are defined: sizes, flags and max_entries by type.

Each row is what booted 6.1, 6.12, 6.18 and 7.3 said of an object with such a map, those of newer
types where a kernel has them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.object.objects import read
from verifier.engine.judging.map_attributes import WANTED, MapFlag
from verifier.engine.judging.map_making import misfit, misfit_for_libbpf, misfit_inside
from verifier.engine.object.map_types import MAP_TYPES
from verifier.engine.object.model import BpfMap
from verifier.engine.verdict import check_object

_F = MapFlag
_KERNELS = ("6.1", "6.12", "6.18", "7.3")


def _map(word: str, key: int = 0, value: int = 0, flags: int = 0, entries: int = 1) -> BpfMap:
    kind = MAP_TYPES.index(f"BPF_MAP_TYPE_{word}")
    return BpfMap("one", kind, (), key, value, entries, flags)


_STORED = _map("SK_STORAGE", 4, 4, _F.BPF_F_NO_PREALLOC, 0)
_ARENA = _map("ARENA", 0, 0, _F.BPF_F_MMAPABLE, 1 << 20)


@pytest.mark.parametrize(
    "item",
    [
        _map("ARRAY", 4, 8, _F.BPF_F_MMAPABLE | _F.BPF_F_RDONLY_PROG),
        _map("HASH", 3, 7, _F.BPF_F_NO_PREALLOC | _F.BPF_F_NUMA_NODE),
        _map("LRU_HASH", 3, 7, _F.BPF_F_NO_COMMON_LRU),
        _map("LPM_TRIE", 260, 4, _F.BPF_F_NO_PREALLOC),
        _map("STACK_TRACE", 4, 128, _F.BPF_F_STACK_BUILD_ID),
        _map("RINGBUF", entries=4096),
        _map("PERF_EVENT_ARRAY", 4, 4, _F.BPF_F_PRESERVE_ELEMS),
        _map("CGROUP_STORAGE", 16, 8, entries=0),
        _map("PERCPU_ARRAY", 4, 32768),
        _map("DEVMAP_HASH", 4, 8),
        _STORED,
        _ARENA,
        replace(_STORED, flags=_F.BPF_F_NO_PREALLOC | _F.BPF_F_CLONE),
    ],
)
def test_a_map_as_its_type_has_it_is_made(item: BpfMap) -> None:
    assert [misfit(item, bundled_kernel(name)) for name in _KERNELS] == [""] * len(_KERNELS)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (
            _map("RINGBUF", 0, 8, 0, 4096),
            "its values have 8 bytes, and a map of type RINGBUF takes ",
        ),
        (
            _map("RINGBUF", 4, 0, 0, 4096),
            "its keys have 4 bytes, and a map of type RINGBUF takes no",
        ),
        (_map("PERF_EVENT_ARRAY", 4, 8), "its values have 8 bytes"),
        (_map("ARRAY_OF_MAPS", 8, 4), "its keys have 8 bytes"),
        (
            _map("ARRAY", 8, 8),
            "its keys have 8 bytes, and a map of type ARRAY takes keys of 4 bytes",
        ),
        (
            _map("HASH", 0, 8),
            "it has no keys, and a map of type HASH takes keys of at least 1 byte",
        ),
        (_map("LPM_TRIE", 8, 8), "a map of type LPM_TRIE needs the flag BPF_F_NO_PREALLOC"),
        (_map("LPM_TRIE", 4, 8, _F.BPF_F_NO_PREALLOC), "its keys have 4 bytes"),
        (_map("QUEUE", 4, 8), "its keys have 4 bytes, and a map of type QUEUE takes no keys"),
        (_map("BLOOM_FILTER", 4, 8), "its keys have 4 bytes"),
        (_map("STACK_TRACE", 4, 12), "its values have 12 bytes"),
        (_map("STACK_TRACE", 4, 40, _F.BPF_F_STACK_BUILD_ID), "its values have 40 bytes"),
        (_map("DEVMAP", 4, 16), "its values have 16 bytes"),
        (_map("CPUMAP", 4, 12), "its values have 12 bytes"),
        (_map("SOCKHASH", 513, 4), "its keys have 513 bytes"),
        (_map("CGROUP_STORAGE", 4, 8, entries=0), "its keys have 4 bytes"),
        (_map("CGROUP_STORAGE", 8, 8), "its max_entries is 1"),
        (replace(_STORED, max_entries=5), "its max_entries is 5, and a map of type SK_STORAGE"),
        (replace(_STORED, flags=0), "a map of type SK_STORAGE needs the flag BPF_F_NO_PREALLOC"),
        (_map("HASH", 4, 4, _F.BPF_F_MMAPABLE), "a map of type HASH does not take BPF_F_MMAPABLE"),
        (_map("LRU_HASH", 4, 4, _F.BPF_F_NO_PREALLOC), "does not take BPF_F_NO_PREALLOC"),
        (_map("PERCPU_HASH", 4, 4, _F.BPF_F_NUMA_NODE), "does not take BPF_F_NUMA_NODE"),
        (_map("PROG_ARRAY", 4, 4, _F.BPF_F_RDONLY_PROG), "does not take BPF_F_RDONLY_PROG"),
        (_map("ARRAY", 4, 4, 1 << 20), "does not take 0x100000 in its map_flags"),
        (
            _map("LRU_HASH", 4, 4, _F.BPF_F_NO_COMMON_LRU | _F.BPF_F_NUMA_NODE),
            "a map with BPF_F_NO_COMMON_LRU does not take BPF_F_NUMA_NODE",
        ),
        (
            _map("HASH", 4, 4, _F.BPF_F_RDONLY | _F.BPF_F_WRONLY),
            "a map has BPF_F_RDONLY or BPF_F_WRONLY, not both (bpf_get_file_flag())",
        ),
        (
            _map("HASH", 4, 4, _F.BPF_F_RDONLY_PROG | _F.BPF_F_WRONLY_PROG),
            "a map has BPF_F_RDONLY_PROG or BPF_F_WRONLY_PROG, not both",
        ),
    ],
)
def test_a_map_unlike_its_type_is_not_made(item: BpfMap, text: str) -> None:
    for name in _KERNELS:
        assert text in misfit(item, bundled_kernel(name))


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (replace(_ARENA, flags=0), "a map of type ARENA needs the flag BPF_F_MMAPABLE"),
        (replace(_ARENA, value_size=8), "its values have 8 bytes"),
        (
            replace(_ARENA, max_entries=(1 << 20) + 1),
            "it has 1048577 pages, and a map of type ARENA",
        ),
    ],
)
def test_a_type_that_came_later_is_judged_where_it_is(item: BpfMap, text: str) -> None:
    assert text in misfit(item, bundled_kernel("6.12"))
    assert not misfit(item, bundled_kernel("6.1"))  # whose lack of arenas says it all


def test_ring_buffers_are_overwritten_since_6_19() -> None:
    item = _map("RINGBUF", flags=_F.BPF_F_RB_OVERWRITE, entries=4096)
    assert "does not take BPF_F_RB_OVERWRITE" in misfit(item, bundled_kernel("6.18"))
    assert not misfit(item, bundled_kernel("7.1"))


@pytest.mark.parametrize(
    "item",
    [
        _map("STACK_TRACE", 4, 0),  # bcc's tools set the size of the values
        _map("ARRAY", entries=0),
        _map("PERF_EVENT_ARRAY", entries=0),
        _map("LPM_TRIE", 8, 0, _F.BPF_F_NO_PREALLOC, 0),
    ],
)
def test_what_a_loader_sets_is_not_judged(item: BpfMap) -> None:
    assert not misfit(item, bundled_kernel("7.3"))


@pytest.mark.parametrize(
    "item",
    [
        _map("RINGBUF", 0, 40, entries=4096),
        _map("PERF_EVENT_ARRAY", 0, 40),
        _map("PERF_EVENT_ARRAY", 4, 40),
        _map("ARENA", 0, 8, _F.BPF_F_MMAPABLE),
    ],
)
def test_a_type_of_values_that_only_names_what_is_sent_may_load(item: BpfMap) -> None:
    """cilium/ebpf's own example of a ring buffer has one; libbpf hands its size on."""
    named, kernel = replace(item, value_type=1), bundled_kernel("7.3")
    assert not misfit(named, kernel)
    assert misfit_for_libbpf(named, kernel) == misfit(item, kernel) != ""
    assert not misfit_for_libbpf(item, kernel)  # a size without a type: all hand it on


def test_what_no_loader_mends_is_refused_for_all() -> None:
    item = replace(_map("RINGBUF", 4, 40, entries=4096), value_type=1)
    assert "its keys have 4 bytes" in misfit(item, bundled_kernel("7.3"))
    assert not misfit_for_libbpf(item, bundled_kernel("7.3"))


@pytest.mark.parametrize("is_inner", [False, True])
def test_it_is_not_known_whether_a_map_loads_that_loaders_define_otherwise(is_inner: bool) -> None:
    ring = replace(_map("RINGBUF", 0, 40, entries=4096), name="events", value_type=1)
    outer = replace(_map("ARRAY_OF_MAPS", 4, 4), name="rings", inner=ring)
    obj = read("map_fields.bpf.o")
    obj = replace(obj, maps=(*obj.maps, outer if is_inner else ring))
    verdict = check_object(obj, bundled_kernel("7.3")).programs[0]
    which = "the inner maps of rings" if is_inner else "map events"
    told = [item for item in verdict.findings if f"does not make {which}" in item.reasons[0].text]
    assert [item.kind for item in told] == ["unknown"]


def test_every_type_of_maps_has_its_row() -> None:
    """libbpf makes maps of struct_ops itself."""
    words = {name.removeprefix("BPF_MAP_TYPE_") for name in MAP_TYPES}
    assert words - set(WANTED) == {"UNSPEC", "STRUCT_OPS"}


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        (_map("PROG_ARRAY", 4, 4), "its inner maps are of type PROG_ARRAY, which no map of maps"),
        (_map("ARRAY", 8, 4), "its inner maps cannot be made: its keys have 8 bytes"),
        (_map("ARRAY", 4, 4, _F.BPF_F_INNER_MAP), ""),
        (_map("CPUMAP", 4, 4), ""),
    ],
)
def test_an_inner_map_is_judged_with_the_outer_one(inner: BpfMap, told: str) -> None:
    """A map of maps of program arrays: "failed to create: unknown error (-524)" on all four."""
    outer = replace(_map("ARRAY_OF_MAPS", 4, 4), name="outer", inner=inner)
    obj = read("map_fields.bpf.o")
    obj = replace(obj, maps=(*obj.maps, outer))
    reasons = reasons_of(check_object(obj, bundled_kernel("7.3")).programs[0])
    assert any(f"does not make map outer: {told}" in text for text in reasons) == bool(told)


def test_an_inner_map_of_a_type_that_the_kernel_lacks_is_not_made() -> None:
    """6.1: "failed to create inner map: -22"."""
    told = misfit_inside(_ARENA, bundled_kernel("6.1"))
    assert told == "its inner maps are of type ARENA, which this kernel does not have"
    assert not misfit_inside(_ARENA, bundled_kernel("6.12"))
