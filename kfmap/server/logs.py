"""Where log records go: one stream of lines on standard error, and 500s to the administrators."""

from __future__ import annotations

from importlib.util import find_spec
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
    if mails:
        handlers["mails"] = {
            "class": "django.utils.log.AdminEmailHandler",
            "level": "ERROR",
            "include_html": False,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": FORMATS[line_format]}},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "NOTSET"},
            "django.server": {"handlers": [], "propagate": True},
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            "axes": {"level": "WARNING"},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.access": {"handlers": [], "propagate": False},  # it has whole addresses
            "uvicorn.error": {"handlers": [], "propagate": True, "level": "WARNING"},
        },
    }


def report_to_sentry(address: str) -> None:
    """Have failures of this process sent to an address, without what readers sent or who they are.

    Nothing happens where there is no address, or the library is missing: a check says so.
    """
    if not address or not find_spec("sentry_sdk"):
        return
    import sentry_sdk  # an optional dependency

    sentry_sdk.init(
        dsn=address,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        traces_sample_rate=0.0,
    )
