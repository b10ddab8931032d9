"""Work that need not be done before the first page is shown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, connections

_AFTER_SECONDS = 10.0
log = logging.getLogger(__name__)


def start_soon(work: Callable[[], None], seconds: float = _AFTER_SECONDS) -> threading.Timer:
    """Do work in a thread some seconds from now, unless it is cancelled before."""

    def run() -> None:
        try:
            work()
        except DatabaseError as error:  # pages do it when they need it
            log.warning("%s is not done now: %s", work.__name__, str(error).strip())
        finally:
            connections.close_all()

    timer = threading.Timer(seconds, run)
    timer.daemon = True
    timer.start()
    return timer
