"""What workers do: they take an id only, and may do it twice with one result."""

from __future__ import annotations

from celery import shared_task

from kfmap.adding.queue import ADD_KERNEL
from kfmap.adding.run import run_addition


@shared_task(name=ADD_KERNEL)
def add_kernel(addition_id: int) -> None:
    """Read what was given and put the kernel into the map."""
    run_addition(addition_id)
