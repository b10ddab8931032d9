"""Have a check process read the source of a program, for an object's bytes may be hostile."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from verifier.engine.result_json import parse_source
from verifier.engine.source_view import SourceView
from verifier.jobs.checker import CheckFailedError, Limits, lend_process
from verifier.jobs.files import read_chunks
from verifier.jobs.supply import supply

_TICK_SECONDS = 1.0
_KEPT = 16  # views of programs; those of large ones take some megabytes


@lru_cache(_KEPT)
def read_source(sha256: str, size: int, position: int) -> SourceView:
    """Return the source of a program, kept for the next page about it.

    Raises CheckFailedError, and MissingBytesError where the bytes are gone.
    """
    limits = Limits(settings.KFMAP_CHECK_SECONDS, settings.KFMAP_CHECK_MEGABYTES)
    request = {"source": position, "size": size}
    with lend_process(limits) as process:
        for message in process.ask(request, read_chunks(sha256), supply, _TICK_SECONDS):
            if message is not None and "source" in message:
                found = parse_source(message["source"])
            elif message is not None:
                raise CheckFailedError(message["problem"])
    return found
