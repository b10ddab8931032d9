"""`kfmap export-data DIR`: the map as open data, in one folder."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TextIO

from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import load_kernels
from kfmap.cli.report import read_kernel_data

HELP = "Write facts and matrices of the kernels as CSV, JSON, Parquet and SQLite into a folder."


def add_arguments(parser: ArgumentParser) -> None:
    """Take the folder and the kernels."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        help="the folder to write to; it is made if it does not exist",
    )
    parser.add_argument(
        "--kernel", action="append", default=[], help="one of the kernels; repeatable. Default: all"
    )


def run(options: Namespace, out: TextIO) -> int:
    """Write the data. Raises CommandFailedError for kernels that there are not, or a full disk."""
    from kfmap.open_data.write import has_parquet, write_data

    kernels = [read_kernel_data(kernel) for kernel in load_kernels(options.kernel)]
    try:
        files = write_data(options.folder, kernels)
    except OSError as error:
        raise CommandFailedError(
            f"{error.filename or options.folder} cannot be written: {error.strerror}."
        ) from error
    size = sum(path.stat().st_size for path in files) / 1e6
    out.write(f"{len(files)} files, {size:.0f} MB, in {options.folder}; README.md explains them.\n")
    if not has_parquet():
        out.write("No Parquet: pip install 'kfmap[parquet]' for it.\n")
    return 0
