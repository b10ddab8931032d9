"""How pages, memory and the database grow with kernels and with objects.

Kernels: the bundled ones, copied under other names. Objects: rows as a check leaves them. Pages are
made anew, none from those that are kept; the reference is the same page in the smallest map.
Aim: a page 50 ms of CPU at 100 kernels and at 100,000 objects.

`KFMAP_GROWTH="12,40,100 100,100000"` chooses the numbers of kernels and of objects. Where
DATABASE_URL names an empty PostgreSQL the objects are there, and times are those until the answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL

from tests.benchmarks.figure import Figure
from tests.server.process import MANAGE, ROOT, environment

_DEFAULT = "12,40,100 100,10000"
_AIM_MS = 50


def run() -> list[Figure]:
    kernels, objects = (
        [int(count) for count in part.split(",")]
        for part in os.environ.get("KFMAP_GROWTH", _DEFAULT).split()
    )
    with tempfile.TemporaryDirectory(prefix="kfmap-growth-") as name:
        folder = Path(name)
        for command in ("migrate", "load_kernels"):
            run_command = [*MANAGE, command]
            subprocess.run(
                run_command, cwd=ROOT, env=environment(folder), stdout=DEVNULL, check=True
            )
        by_objects = list(_grow(folder, "objects", objects))
        return by_objects + list(_grow(folder, "kernels", kernels))


def _grow(folder: Path, what: str, counts: list[int]) -> Iterator[Figure]:
    least: dict[str, float] = {}
    for count in counts:
        measured = _ask(folder, what, count)
        for name, value in measured.items():
            unit = "MB" if name.endswith("MB") else "ms CPU"
            title = f"{count} {what}: {name.removesuffix(', MB')}"
            reference = least.setdefault(name, value)
            yield Figure(title, value, unit, f"{counts[0]} {what}", reference)


def _ask(folder: Path, what: str, count: int) -> dict[str, float]:
    """Fill the database and measure, in a process that has seen nothing before."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.grown_map", what, str(count)],
        cwd=ROOT,
        env=environment(folder, DJANGO_SETTINGS_MODULE="kfmap.settings"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(ended.stdout)
    return measured
