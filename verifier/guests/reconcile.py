"""Keep the queue in step with the rows: workers and brokers may be killed at any moment."""

from __future__ import annotations

from verifier.guests.models import Opinion
from verifier.guests.queue import wake


def reconcile_opinions() -> None:
    """Queue what was lost with its worker, and wake somebody where something waits."""
    Opinion.objects.requeue_lost()
    if Opinion.objects.filter(state=Opinion.State.QUEUED).exists():
        wake()
