"""Extracting the facts of a kernel tree, beside a grep for the registrations over the same tree.

KFMAP_BENCHMARK_TREE names the tree, KFMAP_BENCHMARK_CONFIG its .config; the page cache is warm.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from tests.benchmarks.figure import Figure, best_process_cpu, kept_bytecode, peak_megabytes

_RUNS = 3  # in turns: how fast the machine is changes
_EXTRACT = """
import sys
from pathlib import Path
from kfmap.kernel.extract import extract_kernel
config = Path(sys.argv[2]).read_bytes() if sys.argv[2] else None
extract_kernel(Path(sys.argv[1]), config=config, btf=None, name="benchmark", label="")
"""


def run() -> list[Figure]:
    tree = os.environ.get("KFMAP_BENCHMARK_TREE")
    if not tree:
        return [Figure("extract facts", 0.0, "s", "KFMAP_BENCHMARK_TREE names no tree", None)]
    extract = [sys.executable, "-c", _EXTRACT, tree, os.environ.get("KFMAP_BENCHMARK_CONFIG", "")]
    grep = ["grep", "-rl", "--include=*.c", "register_btf_kfunc_id_set", tree]
    with TemporaryDirectory() as folder, mock.patch.dict(os.environ, kept_bytecode(folder)):
        megabytes = peak_megabytes(_EXTRACT, *extract[3:])  # compiles what is imported, too
        runs = [(best_process_cpu(extract, 1), best_process_cpu(grep, 1)) for _ in range(_RUNS)]
    return [
        Figure(
            f"extract facts of {Path(tree).name}",
            min(run[0] for run in runs),
            "s of CPU",
            "grep -rl for the registrations",
            min(run[1] for run in runs),
            5.0,
        ),
        Figure("peak memory of extracting", megabytes, "MB", "limit", 200.0, 1.0),
    ]
