"""Functions of the C library that Python has no name for."""

from __future__ import annotations

import ctypes

_LIBC = ctypes.CDLL(None, use_errno=True)
Argument = int | None | ctypes._Pointer  # type: ignore[type-arg]  # what C takes as a number or address


def call(function: str, *arguments: object) -> int:
    """Return what a function answers; -1, as C does, where the library does not have it."""
    found = getattr(_LIBC, function, None)
    if found is None:
        return -1
    as_words = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return int(found(*as_words))
