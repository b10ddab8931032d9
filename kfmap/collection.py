"""Python's cycle collector, paused: a start, reading a kernel and checking make much that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the collector from looking through all that is made meanwhile, if it is on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def collect_from_now_on() -> None:
    """Turn the collector on, and have it never look at what there is now."""
    gc.freeze()
    gc.enable()
