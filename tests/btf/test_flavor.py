"""Only the last suffix that libbpf would see is stripped."""

from __future__ import annotations

import pytest

from kfmap.btf.flavor import essential_name


@pytest.mark.parametrize(
    ("name", "essential"),
    [
        ("task_struct", "task_struct"),
        ("task_struct___old", "task_struct"),
        ("scx_bpf_reenqueue_local___v2___compat", "scx_bpf_reenqueue_local___v2"),
        ("a___b", "a"),
        ("a___", "a___"),
        ("___b", "___b"),
        ("a____b", "a____b"),
        ("_a__b", "_a__b"),
        ("a___b___", "a"),
        ("", ""),
    ],
)
def test_essential_name(name: str, essential: str) -> None:
    assert essential_name(name) == essential
