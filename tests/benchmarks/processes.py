"""What the processes of a deployment use, by their parts: read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.faults.deployment import Deployment, Process, children_of

_TICKS = os.sysconf("SC_CLK_TCK")


def name_processes(deployed: Deployment) -> dict[str, int]:
    """Return the processes that stay, by a name: those of a server and of workers, and beat."""
    named: dict[str, int] = {}
    for part, processes in (("web", deployed.webs), ("worker", deployed.workers)):
        for at, process in enumerate(processes):
            named |= _name_family(f"{part} {at}", process)
    return named | _name_family("beat", deployed.beat)


def resident_megabytes(pid: int) -> float | None:
    """Return what a process holds in memory, None where there is none (any more)."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024
    return None


def cpu_seconds(deployed: Deployment) -> float:
    """Return the CPU time of web servers and workers so far, of their ended children as well."""
    return sum(
        _cpu_seconds(pid)
        for process in (*deployed.webs, *deployed.workers)
        for pid in _with_descendants(process.pid)
    )


def _name_family(name: str, process: Process) -> dict[str, int]:
    found = {name: process.pid}
    for at, child in enumerate(process.children()):
        found[f"{name}, child {at}"] = child
        for below, grandchild in enumerate(children_of(child)):
            found[f"{name}, child {at}, check process {below}"] = grandchild
    return found


def _with_descendants(pid: int) -> Iterator[int]:
    yield pid
    for child in children_of(pid):
        yield from _with_descendants(child)


def _cpu_seconds(pid: int) -> float:
    """Return utime, stime, and those of children that were waited for (proc(5), stat)."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0
