"""How many requests somebody made in a span of time, counted by all web processes together.

Redis counts where kfmap has one, for then there may be several processes; else the one process
does. While Redis is away each process counts for itself: no request waits for it or fails.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.core.cache import BaseCache, caches

from kfmap.quotas.spans import present_span

_SHARED, _OWN = "rates", "own"  # of settings.CACHES
_AWAY_SECONDS = 5.0
log = logging.getLogger(__name__)
_away_until = 0.0


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests in this span, this one included, and the seconds until the next span begins."""

    requests: int
    seconds_left: int


def count_request(whose: str, seconds: int) -> Counted:
    """Count a request of somebody in spans of so many seconds, which begin for all at one time."""
    global _away_until
    span = present_span(seconds)
    key, left = f"rate:{whose}:{span.number}", span.seconds_left
    if time.monotonic() >= _away_until:
        try:
            return Counted(_raise(caches[_SHARED], key, left), left)
        except _redis_error() as error:
            log.warning("requests are counted by process for now: %s", error)
            _away_until = time.monotonic() + _AWAY_SECONDS
    return Counted(_raise(caches[_OWN], key, left), left)


def _redis_error() -> type[Exception]:
    """Import the library only where it has failed: it takes a tenth of a second."""
    from redis.exceptions import RedisError

    return RedisError


def _raise(cache: BaseCache, key: str, seconds: int) -> int:
    cache.add(key, 0, seconds + 1)
    try:
        return cache.incr(key)
    except ValueError:  # it ended, or was thrown out, between the two
        cache.set(key, 1, seconds + 1)
        return 1
