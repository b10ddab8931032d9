"""Names of map types by their numbers: enum bpf_map_type of include/uapi/linux/bpf.h, Linux 7.3."""

from __future__ import annotations

_WORDS = """
UNSPEC HASH ARRAY PROG_ARRAY PERF_EVENT_ARRAY PERCPU_HASH PERCPU_ARRAY STACK_TRACE CGROUP_ARRAY
LRU_HASH LRU_PERCPU_HASH LPM_TRIE ARRAY_OF_MAPS HASH_OF_MAPS DEVMAP SOCKMAP CPUMAP XSKMAP SOCKHASH
CGROUP_STORAGE REUSEPORT_SOCKARRAY PERCPU_CGROUP_STORAGE QUEUE STACK SK_STORAGE DEVMAP_HASH
STRUCT_OPS RINGBUF INODE_STORAGE TASK_STORAGE BLOOM_FILTER USER_RINGBUF CGRP_STORAGE ARENA
INSN_ARRAY RHASH
"""
MAP_TYPES = tuple(f"BPF_MAP_TYPE_{word}" for word in _WORDS.split())
ARENA = MAP_TYPES.index("BPF_MAP_TYPE_ARENA")


def map_type_name(number: int) -> str:
    """Return the name of a map type; the number itself for one that is newer."""
    return MAP_TYPES[number] if 0 < number < len(MAP_TYPES) else str(number)
