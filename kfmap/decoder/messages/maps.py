"""Maps: which programs may use them, and what making them needs.

kernel/bpf/verifier.c: check_map_prog_compatibility(), process_timer_func() and its like;
tools/lib/bpf/libbpf.c: bpf_object__create_maps().
"""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind
from kfmap.decoder.pattern import Pattern

_PROGRAM = (
    "tracing progs cannot use bpf_{field} yet",
    "socket filter progs cannot use bpf_{field} yet",
    "sleepable progs cannot use bpf_{field} yet",
    "Sleepable programs can only use array, hash, ringbuf and local storage maps",
    "Sleepable programs can only use array, hash, and ringbuf maps",
    "Sleepable programs can only use preallocated maps",
    "bpf_struct_ops map cannot be used in prog",
    "offload device mismatch between prog and map",
    "program's hash doesn't match map's excl_prog_hash",
    "trace type programs can only use preallocated hash map",
    "trace type programs with run-time allocated hash maps are unsafe",
    "cannot pass map_type {n} into func {helper}#{helper_id}",
    "Tail call map owned by prog type {n}, but prog type is {n}!",
    "only one cgroup storage of each type is allowed",
    "bpf_timer cannot be used for PREEMPT_RT",
)
_BTF = (
    "map '{map}' has to have BTF in order to use {word}",
    "map '{map}' has no valid {word}",
    "map '{map}' doesn't have 'struct {word}'",
    "map '{map}' has more than one 'struct {word}'",
    "map '{map}' is not a struct type or {word} is mangled",
    "{argument} has no valid kptr",
)
_CREATE = (
    "map '{map}': failed to create: {errno}({n})",
    "map '{map}': failed to create: {errno}",
    "map '{map}': failed to create inner map: {errno}",
    "map '{map}': only single ARENA map is supported (map '{word}' is also ARENA)",
    "map '{map}': failed to set initial contents: {errno}",
    "map '{map}': failed to freeze as read-only: {errno}",
    "map '{map}': error reusing pinned map",
    "map '{map}': failed to mmap arena: {errno}",
    "map '{map}': map type isn't specified",
    "couldn't reuse pinned map at '{quoted}': parameter mismatch",
    "The total number of maps per program has reached the limit of {n}",
    "fd {n} is not pointing to valid bpf_map or btf",
    "fd {n} is not pointing to valid bpf_map",
    "Error in bpf_create_map_xattr({map}):{errno}({n})",
    "could not open bpf map: {map}, error: {errno}",
    "ebpf_create_map() failed: {errno}",
    "map {map}: map create: {detail}",
    "failed to create map `{map}`",
    "failed to create map `{map}` with code {n}",
    "unsupported map type {n}",
    "Invalid map_type.",
    "Invalid map_name.",
    "Invalid map_extra.",
    "Invalid numa_node.",
    "Invalid btf_fd.",
    "Invalid map_token_fd.",
    "Invalid btf_value_type_id.",
    "Invalid excl_prog_hash_size.",
    "btf_vmlinux_value_type_id can only be used with struct_ops maps",
)
_PINNED = (
    "map '{map}': failed to auto-pin at '{quoted}': {errno}",
    "map '{map}': failed to pin: {errno}",
    "failed to pin map: {errno}",
)

MAPS = (
    *(Pattern(Kind.MAP_USE, template) for template in _PROGRAM),
    *(Pattern(Kind.MAP_USE, template, About.BTF) for template in _BTF),
    *(Pattern(Kind.MAP, template) for template in _CREATE),
    *(Pattern(Kind.MAP, template, About.PINNED) for template in _PINNED),
)
