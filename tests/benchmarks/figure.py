"""A measured figure with its reference, and how both are taken."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `reference` in the same unit; `limit`: the ratio that is aimed at, if any.

    A `reference` of None says in `reference_name` why there is none here.
    """

    name: str
    value: float
    unit: str
    reference_name: str
    reference: float | None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None


def best_seconds(action: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of several runs, in seconds: what the machine can do when left alone."""
    return min(_seconds(action) for _ in range(times))


def best_process_seconds(command: Sequence[str], times: int = 5) -> float:
    """Return the shortest run of a process whose output is thrown away."""
    return best_seconds(
        lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True), times
    )


def best_process_cpu(command: Sequence[str], times: int = 7) -> float:
    """Return the least CPU time of a process in seconds, whatever else the machine does."""
    return min(_process_cpu(command) for _ in range(times))


def kept_bytecode(folder: str) -> dict[str, str]:
    """Return settings with which Python keeps compiled modules in a folder, as pip makes them for
    users, whatever the environment says."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}


def peak_megabytes(program: str, *arguments: str) -> float:
    """Return the most memory that a Python program of its own used; a child's ru_maxrss would start
    with the memory of this process."""
    told = "print(next(row.split()[1] for row in open('/proc/self/status') if row[:5] == 'VmHWM'))"
    command = [sys.executable, "-c", f"{program}\n{told}", *arguments]
    environment = {**os.environ, "PYTHONPATH": "."}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout) / 1024


def _process_cpu(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _seconds(action: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
