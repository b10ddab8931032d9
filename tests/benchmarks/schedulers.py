"""Real objects, named by KFMAP_BENCHMARK_OBJECTS: files and folders, with colons between them.

Schedulers of sched-ext/scx are not here for their licence. What is aimed at is of the largest of
them, scx_lavd: `kfmap verify` takes 0.6 s of CPU on one kernel and 1.5 s on ten, 200 MB, and says
what is wrong on all kernels in 120 lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from tests.benchmarks.figure import Figure, best_process_cpu, kept_bytecode, peak_megabytes

NAMED_BY = "KFMAP_BENCHMARK_OBJECTS"
_VERIFY = (sys.executable, "-m", "kfmap.cli", "verify")
_TIMES = 3
_IN_PROCESS = """
import contextlib, io, sys
from kfmap.cli.main import main
sys.argv[1:1] = ["verify", "--kernel=7.3"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
"""


def run() -> Iterator[Figure]:
    objects = list(find_objects(os.environ.get(NAMED_BY, "")))
    if not objects:
        yield Figure("real objects", 0, "", f"{NAMED_BY} names none", None)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"KFMAP_DATA_DIR": folder, **kept_bytecode(folder)}
        with mock.patch.dict(os.environ, settings):
            for path in objects:
                yield from _measure(path)


def find_objects(named: str) -> Iterator[Path]:
    """Return the objects that files and folders name, those of a folder by name."""
    for path in map(Path, filter(None, named.split(":"))):
        yield from sorted(path.glob("*.bpf.o")) if path.is_dir() else (path,)


def _measure(path: Path) -> Iterator[Figure]:
    name = f"{path.name} ({path.stat().st_size / 1e6:.1f} MB)"
    for kernels, option, seconds in (("one", "--kernel=7.3", 0.6), ("ten", "--newest=10", 1.5)):
        taken = best_process_cpu((*_VERIFY, str(path), option), _TIMES)
        yield Figure(f"{name} on {kernels}", taken, "s CPU", "aimed at", seconds, 1.0)
    megabytes = peak_megabytes(_IN_PROCESS, str(path))
    yield Figure(f"{name}, memory", megabytes, "MB", "the limit", 200, 1.0)
    command = (*_VERIFY, str(path), "--kernel=all")
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.count("\n")
    yield Figure(f"{name}, on all", lines, "lines", "aimed at", 120, 1.0)
