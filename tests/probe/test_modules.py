"""Modules of a guest are found in modules.dep, with what they need before them."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from kfmap.probe.host import ProbeError
from kfmap.probe.modules import module_name, read_modules


def _write(folder: Path) -> None:
    (folder / "kernel").mkdir()
    for name in ("nf-nat", "nf_conntrack", "nf_defrag", "e1000"):
        (folder / f"kernel/{name}.ko.xz").write_bytes(lzma.compress(name.encode()))
    (folder / "modules.dep").write_text(
        "kernel/e1000.ko.xz:\n"
        "kernel/nf-nat.ko.xz: kernel/nf_conntrack.ko.xz kernel/nf_defrag.ko.xz\n"
        "kernel/nf_conntrack.ko.xz: kernel/nf_defrag.ko.xz\n"
        "kernel/nf_defrag.ko.xz:\n"
    )


def test_a_module_comes_after_what_it_needs(tmp_path: Path) -> None:
    _write(tmp_path)
    assert read_modules(tmp_path, ("nf_nat", "nf_conntrack")) == {
        "modules/000-nf_defrag.ko": b"nf_defrag",
        "modules/001-nf_conntrack.ko": b"nf_conntrack",
        "modules/002-nf_nat.ko": b"nf-nat",
    }


def test_names_are_those_of_the_kernel() -> None:
    assert module_name("kernel/net/nf-nat.ko.zst") == "nf_nat"


def test_a_folder_without_modules_dep_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=r"has no modules\.dep"):
        read_modules(tmp_path)


def test_a_damaged_module_is_named(tmp_path: Path) -> None:
    _write(tmp_path)
    (tmp_path / "kernel/nf_defrag.ko.xz").write_bytes(b"no xz")
    with pytest.raises(ProbeError, match=r"nf_defrag\.ko\.xz cannot be read"):
        read_modules(tmp_path, ("nf_nat",))
