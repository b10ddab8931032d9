"""The queue `kernel`: its messages wake a worker, which takes whatever waits in the rows."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from kfmap.celery import app
from verifier.jobs.queue import BrokerAwayError, count_messages

QUEUE = "kernel"
ASK_KERNEL = "verifier.tasks.ask_kernel"
_ENOUGH = 2  # messages: one for who is free, one for who is about to be
log = logging.getLogger(__name__)


def wake() -> None:
    """Have a worker of the queue look for what waits; what the broker loses is sent again."""
    try:
        if count_messages(QUEUE) < _ENOUGH:
            app.send_task(ASK_KERNEL, queue=QUEUE, retry=False)
    except (OperationalError, BrokerAwayError) as error:
        log.warning("the broker takes no opinions: %s", error)
