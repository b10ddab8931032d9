"""Names of one kfunc on several kernels."""

from __future__ import annotations

import pytest

from kfmap.permission.renames import find_renamed


@pytest.mark.parametrize(
    ("kfunc", "known", "found"),
    [
        ("scx_bpf_dispatch", ("scx_bpf_dsq_insert",), ("scx_bpf_dsq_insert",)),
        ("scx_bpf_dsq_insert", ("scx_bpf_dispatch",), ("scx_bpf_dispatch",)),
        ("scx_bpf_dsq_insert___v2", ("scx_bpf_dispatch",), ("scx_bpf_dispatch",)),
        ("bpf_it___v2", ("bpf_it",), ("bpf_it",)),
        ("bpf_it", ("bpf_it", "bpf_it___v2"), ("bpf_it___v2",)),
        ("bpf_obj_new_impl", ("bpf_obj_new",), ("bpf_obj_new",)),
        ("bpf_obj_new", ("bpf_obj_new_impl",), ("bpf_obj_new_impl",)),
        ("cgroup_rstat_flush", ("css_rstat_flush",), ("css_rstat_flush",)),
        ("bpf_it", ("bpf_it", "bpf_other"), ()),
    ],
)
def test_other_names_of_a_kfunc(kfunc: str, known: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert find_renamed(kfunc, known) == found
