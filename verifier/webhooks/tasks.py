"""What workers of the queue `webhooks` do."""

from __future__ import annotations

from celery import shared_task

from verifier.jobs.stopping import end_process_if_stopping, is_stopping
from verifier.webhooks.deliver import send_due
from verifier.webhooks.queue import SEND_DUE


@shared_task(name=SEND_DUE)
def send_webhook(webhook: int) -> None:
    """Send what is due to a webhook, unless another worker is at it."""
    end_process_if_stopping()
    if not is_stopping():
        send_due(webhook)
