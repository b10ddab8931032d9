"""Kfuncs themselves: their line and their prototype, read from source where there is no BTF."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import Place
from kfmap.kernel.rules.kfuncs import KfuncReader
from tests.kernel.small_kernel import SET_C, read_code

_TWO_LINES = "__bpf_kfunc int toy(struct task_struct *p,\n\t\tu64 slice)\n{\n\treturn 0;\n}\n"
_IMPLICIT = "__bpf_kfunc void toy({}struct bpf_prog_aux *aux)\n{{\n}}\n"


def read_prototype(root: Path, text: str, *flags: str) -> str:
    """Return the prototype of `toy` in a tree of one file."""
    reader = KfuncReader(read_code(root, {SET_C: text}), [SET_C], None)
    return reader.read("toy", "vmlinux", flags, device_bound=False).prototype


def test_prototype_is_one_line_without_attributes(tmp_path: Path) -> None:
    assert read_prototype(tmp_path, _TWO_LINES) == "int toy(struct task_struct *p, u64 slice)"


def test_kfunc_is_at_the_line_of_its_definition(tmp_path: Path) -> None:
    reader = KfuncReader(read_code(tmp_path, {SET_C: "\n\n" + _TWO_LINES}), [SET_C], None)
    assert reader.read("toy", "vmlinux", (), device_bound=False).place == Place(SET_C, 3)


@pytest.mark.parametrize(
    ("before", "seen"),
    [("", "void toy(void)"), ("u64 a, ", "void toy(u64 a)"), ("u64 a, const ", "void toy(u64 a)")],
)
def test_implicit_argument_is_not_part_of_what_programs_see(
    tmp_path: Path, before: str, seen: str
) -> None:
    text = _IMPLICIT.format(before)
    assert read_prototype(tmp_path, text, "KF_IMPLICIT_ARGS") == seen
    assert "aux" in read_prototype(tmp_path, text)
