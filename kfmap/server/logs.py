"""Where log records go: one stream of lines on standard error, and 500s to the administrators."""

from __future__ import annotations

from typing import Any

FORMATS = {"json": "kfmap.log_lines.JsonLines", "text": "kfmap.log_lines.TextLines"}
LEVELS = ("debug", "info", "warning", "error")


def build_logging(line_format: str, level: str, *, mails: bool) -> dict[str, Any]:
    """Return Django's setting LOGGING; `mails`: there are administrators who get mail of 500s.

    A 500 comes with its trace as `django.request`; at level info each request has a line.
    """
    handlers: dict[str, Any] = {
        "lines": {"class": "logging.StreamHandler", "formatter": "lines"},
    }
    # A logger without any handler writes to standard error by itself, and not in lines of ours.
    nowhere = {"nowhere": {"class": "logging.NullHandler"}}
    if mails:
        handlers["mails"] = {
            "class": "kfmap.server.failure_reports.FailureMails",
            "level": "ERROR",
            "formatter": "text",
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": FORMATS[line_format]}, "text": {"()": FORMATS["text"]}},
        "filters": {"patterns": {"()": "kfmap.server.failure_reports.PatternsForAddresses"}},
        "handlers": {**handlers, **nowhere},
        "root": {"handlers": list(handlers), "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "NOTSET"},
            "django.request": {"filters": ["patterns"], "propagate": True},
            "django.security.csrf": {"filters": ["patterns"], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "django.template": {"level": "INFO"},  # below, it writes all that a page is made of
            "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
            "axes": {"level": "WARNING"},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.access": {"handlers": ["nowhere"], "propagate": False},  # whole addresses
            "uvicorn.error": {"handlers": [], "propagate": True, "level": "WARNING"},
        },
    }
