"""The processes that do jobs: what a job's row calls them, and which of this machine's are gone.

A worker that was killed tells nobody. Its heartbeat stops, which takes a while to be sure of;
whoever sees the same processes as it did knows at once.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

from verifier.records.models import Job

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


def name_process() -> str:
    """Return what the row of a job calls this process: HOST:PID@PLACE."""
    return f"{socket.gethostname()}:{os.getpid()}@{_find_place()}"


def let_go_of_the_gone() -> int:
    """Silence the jobs of processes that ended here, so that they are due; return how many."""
    place = _find_place()
    if not place:
        return 0
    running = Job.objects.filter(state=Job.State.RUNNING, worker__endswith=f"@{place}")
    rows = running.exclude(heartbeat=None).values_list("pk", "claims", "worker")
    gone = [(pk, claims) for pk, claims, worker in rows if not _lives(worker)]
    return sum(Job.objects.silence(pk, claims) for pk, claims in gone)


@cache
def _find_place() -> str:
    """Return what processes share that see each other by number, "" where that is not known.

    It is one start of a machine and one namespace of process numbers (pid_namespaces(7)): two
    containers of one name do not take each other's processes for dead.
    """
    with suppress(OSError):
        return f"{_BOOT.read_text().strip()[:13]}/{str(_PROCESSES.readlink()).strip('pid:[]')}"
    return ""


def _lives(worker: str) -> bool:
    """Return whether the process of this place that a row names is there.

    A number that was given to another process since counts as alive; the heartbeat decides then.
    """
    number = worker.rpartition("@")[0].rpartition(":")[2]
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        return True
    return True
