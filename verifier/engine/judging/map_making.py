"""Maps that a kernel does not make as they are: for what they say of themselves, or what they hold.

What they say of themselves is set beside the table in map_attributes.py. What their values may hold
mirrors map_check_btf() of kernel/bpf/syscall.c, whose lists are alike in 6.12 to 7.3 but for types
of maps and fields that came later (5.15, 5.19 and 6.1 have them without lists and trees), and
bpf_local_storage_map_alloc_check() of kernel/bpf/bpf_local_storage.c. Where the kernel refuses a
map, libbpf makes it again without types (bpf_object__create_map(): "Retrying without BTF").
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from kfmap.quick_dataclass import replace
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.map_attributes import (
    APART,
    BUILD_IDS,
    LARGEST_ARENA,
    NEVER_INNER,
    SET_BY_LOADERS,
    WANTED,
    MapFlag,
    Sizes,
    Wanted,
)
from verifier.engine.object.map_types import ARENA, MAP_TYPES, map_type_name
from verifier.engine.object.model import BpfMap
from verifier.engine.object.special_fields import STRUCTS

_PREFIX = "BPF_MAP_TYPE_"
_STORAGES = ("SK_STORAGE", "INODE_STORAGE", "TASK_STORAGE", "CGRP_STORAGE")
_LOCKED = ("HASH", "RHASH", "ARRAY", "CGROUP_STORAGE", *_STORAGES)
_CALLED_BACK = ("HASH", "RHASH", "LRU_HASH", "ARRAY")
_SENT_THROUGH = frozenset(
    MAP_TYPES.index(f"{_PREFIX}{word}") for word in ("RINGBUF", "PERF_EVENT_ARRAY", "ARENA")
)
_LEAST_USED = ("LRU_HASH", "LRU_PERCPU_HASH")
_STACK_TRACE = MAP_TYPES.index("BPF_MAP_TYPE_STACK_TRACE")
_INSN_ARRAY = MAP_TYPES.index("BPF_MAP_TYPE_INSN_ARRAY")
_ROOTS = ("HASH", "LRU_HASH", "ARRAY")
_TAKEN = {
    "BPF_SPIN_LOCK": _LOCKED,
    "BPF_RES_SPIN_LOCK": _LOCKED,
    "BPF_TIMER": _CALLED_BACK,
    "BPF_WORKQUEUE": _CALLED_BACK,
    "BPF_TASK_WORK": _CALLED_BACK,
    "BPF_LIST_HEAD": _ROOTS,
    "BPF_RB_ROOT": _ROOTS,
}
# Older than enum btf_field_type, which came in 6.2 ("bpf: Refactor kptr_off_tab into btf_record").
_FIRST_FIELDS = ("BPF_SPIN_LOCK", "BPF_TIMER")


def keeps_no_types(item: BpfMap, fields: Collection[str], kernel: KernelUnderTest) -> str:
    """Return which special field the kernel does not take in a map of this type, "" for none.

    `fields` are those that it finds in the values; of one that it does not know it sees nothing.
    """
    word = _word(item)
    for field in sorted(fields):
        taken = _TAKEN.get(field)
        if taken is None or word in taken or not _knows(field, kernel):
            continue
        held = STRUCTS[field]
        return (
            f"the kernel takes no {held} in a map of type {word} (map_check_btf()): keep it in a "
            "hash or an array"
        )
    return ""


def needs_types(item: BpfMap) -> bool:
    """Return whether the kernel makes no map of this type without types of keys and values."""
    return _word(item) in _STORAGES


def misfit(item: BpfMap, kernel: KernelUnderTest) -> str:
    """Return what a map says of itself with which the kernel does not make it, whatever the loader
    is, "" if nothing.

    A map of a type that the kernel lacks is not judged here.
    """
    return _misfit(_without_event(item), kernel)


def misfit_for_libbpf(item: BpfMap, kernel: KernelUnderTest) -> str:
    """Return what a map says of itself with which the kernel does not make it for libbpf, and does
    for cilium/ebpf, "" if nothing."""
    event = _without_event(item)
    return "" if event is item or _misfit(event, kernel) else _misfit(item, kernel)


def _without_event(item: BpfMap) -> BpfMap:
    """Return a map as cilium/ebpf defines it: `__type(value, …)` names what is sent through it,
    so that code can be made of it, and gives no size (MapType.canHaveValueSize())."""
    if item.value_type and item.kind in _SENT_THROUGH:
        return replace(item, value_size=0, value_type=0)
    return item


class _Definition(NamedTuple):
    """What a map says of itself, but for its name; whether it says what its keys and values are."""

    kind: int
    key_size: int
    value_size: int
    says_keys: bool
    says_values: bool
    max_entries: int
    flags: int


def _misfit(item: BpfMap, kernel: KernelUnderTest) -> str:
    if kernel.map_kinds and item.kind not in kernel.map_kinds:
        return ""
    says_values = bool(item.value_size or item.value_type)
    # A definition with values and without keys is complete: loaders set sizes of values only.
    says_keys = bool(says_values or item.key_size or item.key_type)
    sizes = item.key_size, item.value_size, says_keys, says_values
    said = _Definition(item.kind, *sizes, item.max_entries, item.flags)
    return _find_misfit(said, not kernel.map_kinds or _INSN_ARRAY in kernel.map_kinds)


@lru_cache(maxsize=10_000)
def _find_misfit(said: _Definition, overwrites: bool) -> str:
    """Return what a kernel does not take in a map; many objects define alike ones.

    `overwrites`: it takes BPF_F_RB_OVERWRITE. "bpf: Add overwrite mode for BPF ring buffer" came
    into the release of "bpf, x86: add new map type: instructions array" (6.19); of the two, facts
    have the type (enum bpf_map_type).
    """
    word = map_type_name(said.kind).removeprefix(_PREFIX)
    wanted = WANTED.get(word)
    if wanted is None:
        return ""
    if not overwrites:
        wanted = wanted._replace(taken=wanted.taken & ~MapFlag.BPF_F_RB_OVERWRITE)
    if text := next(_misfits(said, word, wanted), ""):
        return f"{text} ({wanted.function}())"
    for pair, function in APART.items():
        if pair in MapFlag(said.flags):
            return f"a map has {_names(pair, ' or ')}, not both ({function}())"
    return ""


def misfit_inside(item: BpfMap, kernel: KernelUnderTest) -> str:
    """Return why the kernel makes no map of such maps, "" if it does (bpf_map_meta_alloc())."""
    of_type = f"its inner maps are of type {_word(item)}"
    if kernel.map_kinds and item.kind and item.kind not in kernel.map_kinds:
        return f"{of_type}, which this kernel does not have"
    if _word(item) in NEVER_INNER:
        return f"{of_type}, which no map of maps takes (-ENOTSUPP)"
    if text := misfit(item, kernel):
        return f"its inner maps cannot be made: {text}"
    return ""


def _misfits(said: _Definition, word: str, wanted: Wanted) -> Iterator[str]:
    takes = f"a map of type {word} takes"
    if said.says_keys:
        yield from _unlike("key", said.key_size, wanted.keys, takes)
    if said.says_values:
        by_id = said.kind == _STACK_TRACE and MapFlag.BPF_F_STACK_BUILD_ID in MapFlag(said.flags)
        values = BUILD_IDS if by_id else wanted.values
        yield from _unlike("value", said.value_size, values, takes)
    if wanted.no_entries and said.max_entries:
        yield f"its max_entries is {said.max_entries}, and {takes} 0 only"
    if said.kind == ARENA and said.max_entries > LARGEST_ARENA:
        yield f"it has {said.max_entries} pages, and {takes} 4 GiB at most"
    yield from _flag_misfits(said.flags, word, wanted)


def _unlike(part: str, size: int, wanted: Sizes, takes: str) -> Iterator[str]:
    if size not in wanted.fit:
        held = f"its {part}s have {_bytes(size)}" if size else f"it has no {part}s"
        yield f"{held}, and {takes} {wanted.words.format(part=part)}"


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"


def _flag_misfits(given: int, word: str, wanted: Wanted) -> Iterator[str]:
    flags = MapFlag(given & ~SET_BY_LOADERS)
    if missing := wanted.needed & ~flags:
        yield f"a map of type {word} needs the flag {_names(missing)}"
    if strange := MapFlag(given & ~SET_BY_LOADERS & ~int(wanted.taken)):
        yield f"a map of type {word} does not take {_names(strange)} in its map_flags"
    if word in _LEAST_USED and MapFlag.BPF_F_NO_COMMON_LRU | MapFlag.BPF_F_NUMA_NODE in flags:
        yield "a map with BPF_F_NO_COMMON_LRU does not take BPF_F_NUMA_NODE"


def _names(flags: MapFlag, between: str = ", ") -> str:
    named = [flag.name or "" for flag in MapFlag if flag in flags]
    rest = int(flags) & ~sum(MapFlag)
    return between.join((*named, *([f"{rest:#x}"] if rest else [])))


def _word(item: BpfMap) -> str:
    return map_type_name(item.kind).removeprefix(_PREFIX)


def _knows(field: str, kernel: KernelUnderTest) -> bool:
    return field in _FIRST_FIELDS or kernel.has_enumerator("btf_field_type", field) is True
