"""Log records as lines: JSON for machines, or text for a terminal; what was bound is in each.

`bound(request="…")` and `bound(job=7)` name what a line is about, whichever module writes it. JSON
is ASCII: neither control characters nor what turns the direction of text reach a terminal.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from kfmap.safe_text.printable import printable, reveal_hidden

_NOTHING: Mapping[str, object] = MappingProxyType({})
_bound: ContextVar[Mapping[str, object]] = ContextVar("bound", default=_NOTHING)
_FIELDS = "fields"  # of `extra` in a call of a logger


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Have the lines written in the block, by its thread or task, say what they are about."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def what_is_bound() -> Mapping[str, object]:
    """Return what is bound here."""
    return _bound.get()


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, what is bound, trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_bound.get(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """The message with its level, and what is bound in brackets; the trace below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines."""
        fields = {**_bound.get(), **getattr(record, _FIELDS, {})}
        about = " ".join(f"{name}={value}" for name, value in fields.items())
        text = f"{record.levelname.lower()}: {record.getMessage()}" + (
            f" [{about}]" if about else ""
        )
        text = printable(text)
        if record.exc_info:
            text += f"\n{self.formatException(record.exc_info)}"
        return reveal_hidden(text.encode(errors="replace")).decode()
