"""The queue `webhooks`: a message names a webhook of which something is due; rows say what."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from kfmap.celery import app
from verifier.jobs.queue import BrokerAwayError, count_messages
from verifier.webhooks.models import Delivery

QUEUE = "webhooks"
SEND_DUE = "verifier.tasks.send_webhook"
_MOST_MESSAGES = 100  # no worker takes them: what waits stays in the rows
log = logging.getLogger(__name__)


def wake_due() -> None:
    """Have a worker send what is due, one message for each webhook."""
    hooks = Delivery.objects.due().order_by("webhook").values_list("webhook", flat=True).distinct()
    due = list(hooks[:_MOST_MESSAGES])
    try:
        if not due or count_messages(QUEUE) >= len(due):
            return
        for webhook in due:
            app.send_task(SEND_DUE, (webhook,), queue=QUEUE, retry=False)
    except (OperationalError, BrokerAwayError) as error:
        log.warning("the broker takes no webhooks: %s", error)
