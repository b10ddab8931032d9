"""Every table is the same in every format, as the dictionary says, and as the map answers."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from kfmap.kernel.facts_json import hash_facts, parse_facts
from kfmap.open_data.tables import TABLES
from kfmap.open_data.write import write_data
from kfmap.permission.decide import Decider
from kfmap.permission.matrix import build_matrix
from kfmap.permission.outcome_words import LETTERS
from kfmap.reports.kernel_data import KernelData
from tests.permission.small_kernel import create_toy_kernel


def create_data(name: str) -> KernelData:
    facts = replace(create_toy_kernel(), name=name)
    return KernelData(name, facts, hash_facts(facts), build_matrix(facts), Decider(facts), "")


KERNELS = [create_data("8.0"), create_data("8.1")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("data")
    write_data(path, KERNELS)
    yield path


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text())))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_formats_have_the_same_rows(folder: Path, table: object) -> None:
    assert hasattr(table, "name") and hasattr(table, "columns")
    body = json.loads((folder / f"{table.name}.json").read_text())
    columns = [column.name for column in table.columns]
    assert body["columns"] == columns
    assert body["rows"], "a table without rows shows nothing"
    head, *rows = read_csv(folder / f"{table.name}.csv")
    assert head == columns
    assert rows == [[str(value) for value in row] for row in body["rows"]]
    with closing(sqlite3.connect(folder / "kfmap.sqlite")) as database:
        found = database.execute(f'SELECT * FROM "{table.name}"').fetchall()
    assert [list(row) for row in found] == body["rows"]
    parquet = pyarrow.parquet.read_table(folder / f"{table.name}.parquet")
    assert parquet.column_names == columns
    assert [list(row.values()) for row in parquet.to_pylist()] == body["rows"]


def test_cells_are_those_of_the_matrix_and_the_rest_is_refused(folder: Path) -> None:
    rows = read_csv(folder / "cells.csv")[1:]
    listed = {(kernel, kfunc, context): outcome for kernel, kfunc, context, outcome in rows}
    for kernel in KERNELS:
        for kfunc, letters in kernel.rows.items():
            for context, letter in zip(kernel.contexts, letters, strict=True):
                told = listed.pop((kernel.name, kfunc, context), "refused")
                assert told == LETTERS[letter]
    assert not listed


def test_facts_are_whole(folder: Path) -> None:
    facts = parse_facts((folder / "facts" / "8.1.json").read_text())
    assert hash_facts(facts) == KERNELS[1].facts_sha256


def test_dictionary_explains_every_column(folder: Path) -> None:
    body = json.loads((folder / "dictionary.json").read_text())
    assert set(body["tables"]) == {table.name for table in TABLES}
    readme = (folder / "README.md").read_text()
    for table in body["tables"].values():
        for column in table["columns"]:
            assert f"| `{column['name']}` | {column['says']} |" in readme
    with closing(sqlite3.connect(folder / "kfmap.sqlite")) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
    assert version == body["version"]


def test_same_kernels_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for path in write_data(tmp_path, KERNELS):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes(), path.name
