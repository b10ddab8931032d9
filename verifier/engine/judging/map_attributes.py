"""What kernels want a map to say of itself before they make it: sizes, flags, max_entries.

One row a function of the kernel, read in 6.1.192, 6.12.107, 6.17.8, 6.18.15, 7.1.13, 7.2.12 and
7.3.4, where they are alike but for types of maps that came later and for BPF_F_RB_OVERWRITE.
libbpf hands on what the definition says, and only rounds up the max_entries of ring buffers
(fill_map_from_def(), map_set_def_max_entries()).

Not in the table: what depends on the machine, as limits of memory, CPUs and the length of stack
traces, and max_entries of 0, which a loader sets.
"""

from __future__ import annotations

from collections.abc import Container
from enum import IntFlag
from typing import NamedTuple


class MapFlag(IntFlag):
    """Flags of BPF_MAP_CREATE: include/uapi/linux/bpf.h."""

    BPF_F_NO_PREALLOC = 1 << 0
    BPF_F_NO_COMMON_LRU = 1 << 1
    BPF_F_NUMA_NODE = 1 << 2
    BPF_F_RDONLY = 1 << 3
    BPF_F_WRONLY = 1 << 4
    BPF_F_STACK_BUILD_ID = 1 << 5
    BPF_F_ZERO_SEED = 1 << 6
    BPF_F_RDONLY_PROG = 1 << 7
    BPF_F_WRONLY_PROG = 1 << 8
    BPF_F_CLONE = 1 << 9
    BPF_F_MMAPABLE = 1 << 10
    BPF_F_PRESERVE_ELEMS = 1 << 11
    BPF_F_INNER_MAP = 1 << 12
    BPF_F_LINK = 1 << 13
    BPF_F_PATH_FD = 1 << 14
    BPF_F_SEGV_ON_FAULT = 1 << 17
    BPF_F_NO_USER_CONV = 1 << 18
    BPF_F_RB_OVERWRITE = 1 << 19


class Sizes(NamedTuple):
    """Sizes in bytes that a kernel takes, and how a sentence says them of `{part}s`."""

    fit: Container[int]
    words: str


class Wanted(NamedTuple):
    """What a function of the kernel wants of a map; `needed`: flags without which it makes none."""

    function: str
    keys: Sizes
    values: Sizes
    taken: MapFlag
    needed: MapFlag = MapFlag(0)
    no_entries: bool = False


_F = MapFlag
_U32 = 1 << 32
_NONE = Sizes((0,), "no {part}s")
_SOME = Sizes(range(1, _U32), "{part}s of at least 1 byte")
_FOUR = Sizes((4,), "{part}s of 4 bytes")
_EIGHT = Sizes((4, 8), "{part}s of 4 or 8 bytes")
_STACKS = Sizes(range(8, _U32, 8), "{part}s of 8 bytes for each frame")
_PREFIXES = Sizes(range(5, 261), "{part}s of 5 to 260 bytes (struct bpf_lpm_trie_key_u8)")
_CGROUPS = Sizes((8, 16), "{part}s of 8 or 16 bytes (struct bpf_cgroup_storage_key)")
_JUMPS = Sizes((16,), "{part}s of 16 bytes (struct bpf_insn_array_value)")
_UPTO_64K = Sizes(range(1, 1 << 16), "{part}s of 1 byte to less than 64 KiB")
_PER_CPU = Sizes(  # PCPU_MIN_UNIT_SIZE: 32 KiB in whole pages, which have at most 64 KiB
    range(1, (1 << 16) + 1), "{part}s of 1 byte to 32 KiB, or to 64 KiB where pages are as large"
)
_SHORT = Sizes(range(1, 1 << 16), "{part}s of 1 to 65535 bytes")
_ON_STACK = Sizes(range(1, 513), "{part}s of 1 to 512 bytes")  # MAX_BPF_STACK

_OPENED = _F.BPF_F_RDONLY | _F.BPF_F_WRONLY
_ACCESS = _OPENED | _F.BPF_F_RDONLY_PROG | _F.BPF_F_WRONLY_PROG
_NODE = _F.BPF_F_NUMA_NODE
_HASHED = _ACCESS | _F.BPF_F_ZERO_SEED

_ARRAY = "array_map_alloc_check"
_OF_DESCRIPTORS = "fd_array_map_alloc_check"
_HASH = "htab_map_alloc_check"
_QUEUE = Wanted("queue_stack_map_alloc_check", _NONE, _SOME, _NODE | _ACCESS)
_DEVICES = Wanted("dev_map_alloc_check", _FOUR, _EIGHT, _NODE | _OPENED)
_STORAGE = Wanted(
    "bpf_local_storage_map_alloc_check",
    _FOUR,
    _UPTO_64K,
    _F.BPF_F_NO_PREALLOC | _F.BPF_F_CLONE,
    _F.BPF_F_NO_PREALLOC,
    no_entries=True,
)
_CGROUP_STORAGE = Wanted(
    "cgroup_storage_map_alloc", _CGROUPS, _UPTO_64K, _NODE | _ACCESS, no_entries=True
)
_DESCRIPTORS = Wanted(_OF_DESCRIPTORS, _FOUR, _FOUR, _NODE | _OPENED)

WANTED = {
    "ARRAY": Wanted(_ARRAY, _FOUR, _SOME, _NODE | _ACCESS | _F.BPF_F_MMAPABLE | _F.BPF_F_INNER_MAP),
    "PERCPU_ARRAY": Wanted(_ARRAY, _FOUR, _PER_CPU, _ACCESS),
    "PROG_ARRAY": _DESCRIPTORS,
    "CGROUP_ARRAY": _DESCRIPTORS,
    "ARRAY_OF_MAPS": _DESCRIPTORS,
    "PERF_EVENT_ARRAY": Wanted(
        _OF_DESCRIPTORS, _FOUR, _FOUR, _NODE | _OPENED | _F.BPF_F_PRESERVE_ELEMS
    ),
    "REUSEPORT_SOCKARRAY": Wanted("reuseport_array_alloc_check", _FOUR, _EIGHT, _NODE | _ACCESS),
    "HASH": Wanted(_HASH, _SOME, _SOME, _NODE | _HASHED | _F.BPF_F_NO_PREALLOC),
    "PERCPU_HASH": Wanted(_HASH, _SOME, _PER_CPU, _HASHED | _F.BPF_F_NO_PREALLOC),
    "LRU_HASH": Wanted(_HASH, _SOME, _SOME, _NODE | _HASHED | _F.BPF_F_NO_COMMON_LRU),
    "LRU_PERCPU_HASH": Wanted(_HASH, _SOME, _PER_CPU, _HASHED | _F.BPF_F_NO_COMMON_LRU),
    "HASH_OF_MAPS": Wanted(
        "fd_htab_map_alloc_check", _SOME, _FOUR, _NODE | _HASHED | _F.BPF_F_NO_PREALLOC
    ),
    "RHASH": Wanted(
        "rhtab_map_alloc_check",
        _SHORT,
        _SOME,
        _NODE | _ACCESS | _F.BPF_F_NO_PREALLOC,
        _F.BPF_F_NO_PREALLOC,
    ),
    "LPM_TRIE": Wanted(
        "trie_alloc",
        _PREFIXES,
        _SOME,
        _NODE | _ACCESS | _F.BPF_F_NO_PREALLOC,
        _F.BPF_F_NO_PREALLOC,
    ),
    "BLOOM_FILTER": Wanted("bloom_map_alloc", _NONE, _SOME, _NODE | _HASHED),
    "QUEUE": _QUEUE,
    "STACK": _QUEUE,
    "STACK_TRACE": Wanted(
        "stack_map_alloc", _FOUR, _STACKS, _NODE | _OPENED | _F.BPF_F_STACK_BUILD_ID
    ),
    "RINGBUF": Wanted("ringbuf_map_alloc", _NONE, _NONE, _NODE | _F.BPF_F_RB_OVERWRITE),
    "USER_RINGBUF": Wanted("ringbuf_map_alloc", _NONE, _NONE, _NODE),
    "ARENA": Wanted(
        "arena_map_alloc",
        _NONE,
        _NONE,
        _F.BPF_F_MMAPABLE | _F.BPF_F_SEGV_ON_FAULT | _F.BPF_F_NO_USER_CONV,
        _F.BPF_F_MMAPABLE,
    ),
    "DEVMAP": _DEVICES,
    "DEVMAP_HASH": _DEVICES,
    "CPUMAP": Wanted("cpu_map_alloc", _FOUR, _EIGHT, _NODE),
    "XSKMAP": Wanted("xsk_map_alloc", _FOUR, _FOUR, _NODE | _OPENED),
    "SOCKMAP": Wanted("sock_map_alloc", _FOUR, _EIGHT, _NODE | _OPENED),
    "SOCKHASH": Wanted("sock_hash_alloc", _ON_STACK, _EIGHT, _NODE | _OPENED),
    "INSN_ARRAY": Wanted("insn_array_alloc_check", _FOUR, _JUMPS, _F(0)),
    "SK_STORAGE": _STORAGE,
    "INODE_STORAGE": _STORAGE,
    "TASK_STORAGE": _STORAGE,
    "CGRP_STORAGE": _STORAGE,
    "CGROUP_STORAGE": _CGROUP_STORAGE,
    "PERCPU_CGROUP_STORAGE": _CGROUP_STORAGE,
}

# Of stack traces with BPF_F_STACK_BUILD_ID.
BUILD_IDS = Sizes(range(32, _U32, 32), "{part}s of 32 bytes for each frame (BPF_F_STACK_BUILD_ID)")
# Types that no map of maps takes: those without map_meta_equal, which bpf_map_meta_alloc() of
# kernel/bpf/map_in_map.c asks for. Maps of maps are missing here: libbpf opens no object with them.
NEVER_INNER = ("PROG_ARRAY", "INSN_ARRAY", "CGROUP_STORAGE", "PERCPU_CGROUP_STORAGE")
# Of each of these pairs a map has one at most, by which function of the kernel.
APART = {
    MapFlag.BPF_F_RDONLY | MapFlag.BPF_F_WRONLY: "bpf_get_file_flag",
    MapFlag.BPF_F_RDONLY_PROG | MapFlag.BPF_F_WRONLY_PROG: "bpf_map_flags_access_ok",
}
SET_BY_LOADERS = 1 << 15 | 1 << 16  # BPF_F_VTYPE_BTF_OBJ_FD and BPF_F_TOKEN_FD, set by libbpf
LARGEST_ARENA = 1 << 20  # pages, of at least 4 KiB each: 4 GiB, arena_map_alloc()
