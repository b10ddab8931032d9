"""The end of a worker: its jobs go back to the queue within a second or two.

A flag and not a `threading.Event`: a signal handler sets it, and an event's lock may just then be
held by the code that the signal interrupted.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

import billiard
from celery.signals import worker_process_init, worker_shutting_down

_requested = False


class WorkerStopsError(Exception):
    """The worker is about to end: the job goes back to the queue."""


def is_stopping() -> bool:
    """Return whether this process is about to end."""
    return _requested


def stop_jobs(stop: bool = True) -> None:
    """Have the jobs of this process go back to the queue."""
    global _requested
    _requested = stop


@worker_shutting_down.connect
def _stop_worker(**_: object) -> None:
    """Stop the jobs of a worker's processes too, however many of them the signal reached."""
    stop_jobs()
    for child in billiard.active_children():
        child.terminate()


@worker_process_init.connect
def _handle_sigterm(**_: object) -> None:
    """Let go of the job before a worker's process ends: systemd signals all processes at once."""
    signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    stop_jobs()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one does not wait


def end_process_if_stopping() -> None:
    """End a worker's process that was told to while it had nothing to do; it is replaced."""
    if is_stopping() and billiard.current_process().name != "MainProcess":
        os.kill(os.getpid(), signal.SIGTERM)
