"""The broker's queue: messages that name jobs, each given to it within seconds or not at all.

A message that it does not take, or loses, costs nothing but time: `verifier.jobs.reconcile` sends
it again, for the job's row says what is to be done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from kombu.exceptions import OperationalError

from kfmap.celery import app

CHECK_OBJECT = "verifier.tasks.check_object_job"  # messages under way keep their name
_QUIET_SECONDS = 3.0
_LATE, _USUAL = 0, 5  # kombu's transports hand out the lower numbers first
log = logging.getLogger(__name__)
_quiet_until = 0.0


class BrokerAwayError(RuntimeError):
    """The broker does not answer; the message is its client's."""


def send_jobs(job_ids: Iterable[int], late: bool = False) -> list[int]:
    """Give the broker a message for each job; return those that it did not take.

    `late` ones are handed out before all others.

    A broker that did not answer is left alone for some seconds, so that nobody waits for it twice.
    """
    global _quiet_until
    waiting = list(job_ids)
    if time.monotonic() < _quiet_until:
        return waiting
    while waiting:
        try:
            app.send_task(
                CHECK_OBJECT, (waiting[0],), retry=False, priority=_LATE if late else _USUAL
            )
        except OperationalError as error:
            log.warning("the broker takes no jobs: %s", error)
            _quiet_until = time.monotonic() + _QUIET_SECONDS
            break
        del waiting[0]
    return waiting


def count_messages(queue: str = "") -> int:
    """Return how many messages wait in a queue of the broker, that of checks where none is named.

    Raises BrokerAwayError.
    """
    connection: Any = app.connection_for_write()  # the stubs know neither channel nor errors
    try:
        with connection:
            declared = connection.default_channel.queue_declare(
                queue or app.conf.task_default_queue
            )
            return int(declared.message_count)
    except (OperationalError, *connection.connection_errors) as error:
        raise BrokerAwayError(str(error)) from error
