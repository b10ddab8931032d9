"""A Celery worker in a thread of the web process, for starting without Redis."""

from __future__ import annotations

import threading
from os import EX_OK

from celery import Celery
from celery.worker import state

_THREADS = 3  # one of them may have a guest of the queue `kernel`
_QUEUES = ("celery", "kernel", "webhooks")
_STOP_SECONDS = 8


class EmbeddedWorker:
    """Takes jobs from the process's own `memory://` broker while the web server runs."""

    def __init__(self, app: Celery) -> None:
        self._controller = app.WorkController(
            app=app,
            pool_cls="threads",
            concurrency=_THREADS,
            queues=_QUEUES,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self._thread = threading.Thread(target=self._controller.start, name="worker", daemon=True)

    def start(self) -> None:
        """Start the thread; jobs queued before it is ready wait in the broker."""
        self._thread.start()

    def begin_stop(self) -> None:
        """Ask the worker to stop, without waiting; Celery looks at this flag between messages."""
        state.should_stop = EX_OK  # type: ignore[assignment]  # the stubs know None only

    def stop(self) -> None:
        """Wait until the worker has stopped; a job that goes on is taken up at the next start."""
        self.begin_stop()
        self._thread.join(_STOP_SECONDS)
