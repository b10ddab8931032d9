"""Wait for a database or a disk that is away: restarted, locked, or full."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import close_old_connections

from kfmap.catalogue.availability import find_absence
from verifier.jobs.stopping import is_stopping

T = TypeVar("T")
_EVERY_SECONDS = 2.0
log = logging.getLogger(__name__)


def patiently(work: Callable[[], T], seconds: float) -> T:
    """Return what `work` gives, trying again for `seconds` while the database is away.

    Raises what `work` raised last, early where the worker is about to end.
    """
    ends_at = time.monotonic() + seconds
    while True:
        try:
            return work()
        except Exception as error:
            if not find_absence(error) or is_stopping() or time.monotonic() > ends_at:
                raise
            log.warning("waiting for the database: %s", str(error).strip())
        close_old_connections()
        time.sleep(_EVERY_SECONDS)
