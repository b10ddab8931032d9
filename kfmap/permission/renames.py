"""What a kfunc is called on other kernels: renamed, in a new version, with implicit arguments.

Used to say what a kernel has instead of a kfunc that it lacks, and which two names of two kernels
are one function.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from kfmap.btf.flavor import essential_name

# Old name → new name. Kernels have one, both, or either for a while.
_RENAMED = {
    # __COMPAT_scx_bpf_* of tools/sched_ext/include/scx/compat.bpf.h (6.13 gave the new names)
    "scx_bpf_dispatch": "scx_bpf_dsq_insert",
    "scx_bpf_dispatch_vtime": "scx_bpf_dsq_insert_vtime",
    "scx_bpf_consume": "scx_bpf_dsq_move_to_local",
    "scx_bpf_dispatch_from_dsq": "scx_bpf_dsq_move",
    "scx_bpf_dispatch_vtime_from_dsq": "scx_bpf_dsq_move_vtime",
    "scx_bpf_dispatch_from_dsq_set_slice": "scx_bpf_dsq_move_set_slice",
    "scx_bpf_dispatch_from_dsq_set_vtime": "scx_bpf_dsq_move_set_vtime",
    # kernel/cgroup/rstat.c: 6.12 has the old names, 6.17 the new ones
    "cgroup_rstat_updated": "css_rstat_updated",
    "cgroup_rstat_flush": "css_rstat_flush",
    # kernel/sched/ext.c: the old name takes too many arguments to get more of them (6.19)
    "scx_bpf_select_cpu_and": "__scx_bpf_select_cpu_and",
    "scx_bpf_dsq_insert_vtime": "__scx_bpf_dsq_insert_vtime",
}
_RENAMED_BACK = {new: old for old, new in _RENAMED.items()}
# What the kernel itself says to use instead (scx_bpf_cpu_rq() of 6.18 prints it); gone in 7.3.
_SUPERSEDED = {"scx_bpf_cpu_rq": ("scx_bpf_locked_rq", "scx_bpf_cpu_curr")}
_TWIN = "_impl"


def find_renamed(kfunc: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the names in `known` that stand for the same kfunc, the likeliest first."""
    return tuple(name for name in dict.fromkeys(_other_names(kfunc, known)) if name != kfunc)


@lru_cache(maxsize=32)
def _by_essential_name(known: frozenset[str]) -> Mapping[str, list[str]]:
    """Return the names, sorted, by what they are without their last `___suffix`."""
    found: dict[str, list[str]] = {}
    for name in sorted(known):
        found.setdefault(essential_name(name), []).append(name)
    return found


def _other_names(kfunc: str, known: Collection[str]) -> Iterator[str]:
    flavors = _by_essential_name(frozenset(known))
    bases = [essential_name(kfunc)]
    bases += [base.removesuffix(_TWIN) for base in bases if base.endswith(_TWIN)]
    bases += [new for base in bases for new in _renamed(base)]
    for base in dict.fromkeys(bases):
        if base in known:
            yield base
        yield from flavors.get(base, ())
        if base + _TWIN in known:
            yield base + _TWIN


def _renamed(base: str) -> Iterator[str]:
    for table in (_RENAMED, _RENAMED_BACK):
        if base in table:
            yield table[base]
    yield from _SUPERSEDED.get(base, ())


# Helpers that some architectures or program types lack, and what took their place.
_NEWER_HELPERS = {
    "bpf_probe_read": ("bpf_probe_read_kernel", "bpf_probe_read_user"),
    "bpf_probe_read_str": ("bpf_probe_read_kernel_str", "bpf_probe_read_user_str"),
}


def find_newer_helpers(helper: str) -> tuple[str, ...]:
    """Return the helpers that took the place of one, if any did."""
    return _NEWER_HELPERS.get(helper, ())
