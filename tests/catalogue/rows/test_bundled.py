"""The rows that come with kfmap are those that are built of the bundled kernels."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.rows.build import build_kernel_rows
from kfmap.catalogue.rows.bundled import read_bundled_rows, write_bundled_rows
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts_json import hash_facts

KERNELS = {kernel.name: kernel for kernel in find_bundled()}


@pytest.mark.parametrize("name", KERNELS)
def test_rows_of_every_bundled_kernel_and_of_this_engine_are_there(name: str) -> None:
    rows = read_bundled_rows(hash_facts(KERNELS[name].read_facts()))
    assert rows is not None, "run python -m tests.engine_version"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["6.12", "7.0", "7.3"])
def test_rows_are_those_that_are_built(name: str) -> None:
    facts = KERNELS[name].read_facts()
    built = build_kernel_rows(LoadedKernel(name, hash_facts(facts), facts))
    assert read_bundled_rows(hash_facts(facts)) == built


def test_the_same_kernel_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    for file in (one, two):
        write_bundled_rows([KERNELS["6.12"]], file)
    assert one.read_bytes() == two.read_bytes()


def test_other_facts_and_a_damaged_file_have_none(tmp_path: Path) -> None:
    assert read_bundled_rows("0" * 64) is None
    damaged = tmp_path / "damaged.zip"
    write_bundled_rows([KERNELS["6.12"]], damaged)
    whole = damaged.read_bytes()
    facts_hash = hash_facts(KERNELS["6.12"].read_facts())
    middle = len(whole) // 2
    for data in (whole[:-200], whole[:middle] + bytes(64) + whole[middle + 64 :]):
        damaged.write_bytes(data)
        assert read_bundled_rows(facts_hash, damaged) is None
    assert read_bundled_rows(facts_hash, tmp_path / "missing.zip") is None
