"""Write the open data into a folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kfmap import __version__
from kfmap.kernel.facts_json import render_facts
from kfmap.open_data.tables import TABLES, VERSION, DataTable
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.reports.kernel_data import KernelData
from kfmap.safe_text.csv_rows import render_csv
from kfmap.safe_text.printable import printable

DATABASE = "kfmap.sqlite"
DICTIONARY = "dictionary.json"
_BATCH = 50_000  # rows of a Parquet row group
_SQLITE = {"text": "TEXT NOT NULL", "integer": "INTEGER NOT NULL"}


def has_parquet() -> bool:
    """Return whether Parquet can be written: pyarrow is the extra `parquet` of kfmap."""
    return find_spec("pyarrow") is not None


def write_data(folder: Path, kernels: Sequence[KernelData]) -> list[Path]:
    """Write every table in every format, the facts of each kernel, and the dictionary.

    Returns the files. Raises OSError where something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        *_write_facts(folder, kernels),
        *(path for table in TABLES for path in _write_table(folder, table, kernels)),
        _write_database(folder, kernels),
        *_write_dictionary(folder),
    ]


def _write_facts(folder: Path, kernels: Sequence[KernelData]) -> Iterator[Path]:
    (folder / "facts").mkdir(exist_ok=True)
    for kernel in kernels:
        path = folder / "facts" / f"{kernel.name}.json"
        path.write_text(render_facts(kernel.facts))
        yield path


def _write_table(folder: Path, table: DataTable, kernels: Sequence[KernelData]) -> Iterator[Path]:
    columns = [column.name for column in table.columns]
    csv_path, json_path = folder / f"{table.name}.csv", folder / f"{table.name}.json"
    csv_path.write_text(render_csv(columns, table.rows(kernels)))
    yield csv_path
    with json_path.open("w") as file:
        head = {"version": VERSION, "table": table.name, "columns": columns}
        file.write(json.dumps(head)[:-1] + ', "rows": [')
        for at, row in enumerate(table.rows(kernels)):
            file.write(f"{',' if at else ''}\n{json.dumps(row)}")
        file.write("\n]}\n")
    yield json_path
    if has_parquet():
        yield _write_parquet(folder / f"{table.name}.parquet", table, kernels)


def _write_parquet(path: Path, table: DataTable, kernels: Sequence[KernelData]) -> Path:
    import pyarrow
    import pyarrow.parquet

    kinds = {"text": pyarrow.string(), "integer": pyarrow.int64()}
    schema = pyarrow.schema(
        [pyarrow.field(item.name, kinds[item.kind], nullable=False) for item in table.columns],
        metadata={"version": str(VERSION), "says": table.says},
    )
    rows = list(table.rows(kernels))
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for at in range(0, len(rows), _BATCH) or [0]:
            part = rows[at : at + _BATCH]
            arrays = [
                pyarrow.array([row[column] for row in part], kinds[item.kind])
                for column, item in enumerate(table.columns)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    return path


def _write_database(folder: Path, kernels: Sequence[KernelData]) -> Path:
    path = folder / DATABASE
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA user_version = {VERSION}")
        for table in TABLES:
            columns = ", ".join(f'"{item.name}" {_SQLITE[item.kind]}' for item in table.columns)
            database.execute(f'CREATE TABLE "{table.name}" ({columns})')
            places = ", ".join("?" * len(table.columns))
            insert = f'INSERT INTO "{table.name}" VALUES ({places})'  # noqa: S608  # names of ours
            database.executemany(insert, table.rows(kernels))
        database.execute("CREATE INDEX cells_by_kfunc ON cells (kfunc, kernel)")
        database.execute('CREATE TABLE dictionary ("table" TEXT, "column" TEXT, "says" TEXT)')
        database.executemany("INSERT INTO dictionary VALUES (?, ?, ?)", _says())
        database.execute('CREATE TABLE about ("name" TEXT, "value" TEXT)')
        database.executemany("INSERT INTO about VALUES (?, ?)", _about().items())
    return path


def _about() -> dict[str, str]:
    return {"version": str(VERSION), "kfmap": __version__, "engine": str(ENGINE_VERSION)}


def _says() -> Iterator[tuple[str, str, str]]:
    for table in TABLES:
        yield table.name, "", table.says
        yield from ((table.name, column.name, column.says) for column in table.columns)


def _write_dictionary(folder: Path) -> Iterator[Path]:
    body: dict[str, Any] = {
        **_about(),
        "version": VERSION,
        "tables": {
            table.name: {
                "says": table.says,
                "columns": [
                    {"name": item.name, "kind": item.kind, "says": item.says}
                    for item in table.columns
                ],
            }
            for table in TABLES
        },
    }
    path = folder / DICTIONARY
    path.write_text(json.dumps(body, indent=1) + "\n")
    yield path
    readme = folder / "README.md"
    readme.write_text("".join(f"{line}\n" for line in _readme()))
    yield readme


def _readme() -> Iterator[str]:
    yield f"# kfmap open data, version {VERSION}"
    yield ""
    yield "Which BPF program may call which kernel function; made by kfmap "
    yield f"{__version__}, engine {ENGINE_VERSION}. Every table is there as CSV, as JSON"
    yield "(`columns`, then `rows`) and, where pyarrow was installed, as Parquet;"
    yield f"`{DATABASE}` has them all. `facts/` has what was read from the source of each"
    yield "kernel, with file and line."
    for table in TABLES:
        yield from ("", f"## {table.name}", "", table.says, "", "| column | says |", "|---|---|")
        yield from (f"| `{item.name}` | {printable(item.says)} |" for item in table.columns)
