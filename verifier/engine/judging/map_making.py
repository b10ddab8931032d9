"""Maps that a kernel does not make as they are: what their values may hold, by the map's type.

Mirrors map_check_btf() of kernel/bpf/syscall.c, whose lists are alike in 6.12 to 7.3 but for types
of maps and fields that came later (5.15, 5.19 and 6.1 have them without lists and trees), and
bpf_local_storage_map_alloc_check() of kernel/bpf/bpf_local_storage.c. Where the kernel refuses a
map, libbpf makes it again without types (bpf_object__create_map(): "Retrying without BTF").
"""

from __future__ import annotations

from collections.abc import Collection

from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.object.map_types import map_type_name
from verifier.engine.object.model import BpfMap
from verifier.engine.object.special_fields import STRUCTS

_PREFIX = "BPF_MAP_TYPE_"
_STORAGES = ("SK_STORAGE", "INODE_STORAGE", "TASK_STORAGE", "CGRP_STORAGE")
_LOCKED = ("HASH", "RHASH", "ARRAY", "CGROUP_STORAGE", *_STORAGES)
_CALLED_BACK = ("HASH", "RHASH", "LRU_HASH", "ARRAY")
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
    word = map_type_name(item.kind).removeprefix(_PREFIX)
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
    return map_type_name(item.kind).removeprefix(_PREFIX) in _STORAGES


def _knows(field: str, kernel: KernelUnderTest) -> bool:
    return field in _FIRST_FIELDS or kernel.has_enumerator("btf_field_type", field) is True
