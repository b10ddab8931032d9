"""What workers of the queue `kernel` do."""

from __future__ import annotations

from celery import shared_task

from verifier.guests.queue import ASK_KERNEL
from verifier.guests.run import run_waiting
from verifier.jobs.stopping import end_process_if_stopping, is_stopping


@shared_task(name=ASK_KERNEL)
def ask_kernels() -> None:
    """Boot kernels for every opinion that waits, unless somebody else here is at it."""
    end_process_if_stopping()
    if not is_stopping():
        run_waiting()
