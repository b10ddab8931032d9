"""Answers about all uploads that somebody sees, kept while these are as they were.

Counting 100,000 objects takes a fifth of a second, and a page that counts is asked for again and
again: what it says changes with the uploads alone (`identify_uploads`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from kfmap.catalogue.recent import Recent
from kfmap.permission.engine import ENGINE_VERSION
from verifier.records.identity import identify_uploads
from verifier.spaces.access import Reader

P = ParamSpec("P")
T = TypeVar("T")
KEPT: Recent[Hashable, tuple[object]] = Recent(512)


def once_per_uploads(
    work: Callable[Concatenate[Reader, P], T],
) -> Callable[Concatenate[Reader, P], T]:
    """Keep the answers of a function of a reader, and of further hashable arguments."""

    @wraps(work)
    def recall(reader: Reader, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not reader.is_authenticated:
            return work(reader, *args, **kwargs)
        seen = identify_uploads(reader)
        asked = (reader.pk, reader.is_superuser, *args, *kwargs.items())
        key = (work.__module__, work.__qualname__, ENGINE_VERSION, seen, asked)
        known = KEPT.recall(key, lambda: (work(reader, *args, **kwargs),))
        return known[0]  # type: ignore[return-value]  # it is what this work gave

    return recall
