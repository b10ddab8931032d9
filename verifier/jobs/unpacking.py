"""Have a check process look for the objects in what was uploaded, for its bytes may be hostile."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import File

from verifier.engine.containers.find import looks_like_object
from verifier.jobs.checker import CheckFailedError, CheckProcess, Limits
from verifier.jobs.files import check_size
from verifier.jobs.supply import supply

_HEADER_BYTES = 20
_TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An object in an upload, or the `problem` that kept something from being looked at."""

    name: str
    data: bytes = b""
    problem: str = ""


def is_container(file: File[bytes]) -> bool:
    """Return whether a file is to be looked into: it is not meant as an object itself."""
    file.seek(0)
    header = file.read(_HEADER_BYTES)
    file.seek(0)
    return len(header) == _HEADER_BYTES and not looks_like_object(header)


def unpack(name: str, file: File[bytes]) -> Iterator[Unpacked]:
    """Return what is in a file. Raises RefusedFileError, and CheckFailedError at any time.

    The whole may take as long as one step of a check.
    """
    check_size(file.size)
    limits = Limits(settings.KFMAP_CHECK_SECONDS, settings.KFMAP_CHECK_MEGABYTES)
    end = time.monotonic() + limits.seconds
    request = {"unpack": name, "size": file.size}
    process = CheckProcess(limits)
    try:
        for message in process.ask(request, file.chunks(), supply, _TICK_SECONDS):
            if time.monotonic() > end:
                raise CheckFailedError(f"it took longer than {limits.seconds:g} s")
            if message is None:
                continue
            data = base64.b64decode(message.get("object", ""))
            yield Unpacked(message["name"], data, message.get("problem", ""))
    finally:
        process.close()
