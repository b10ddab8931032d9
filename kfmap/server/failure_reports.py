"""Failures on their way to people: by mail to the administrators, and to Sentry or its kin.

Both get what the log line says, trace included, and nothing of the request that failed: Django's
own mail and Sentry's events have forms, cookies, addresses and settings in them.
"""

from __future__ import annotations

import logging
import threading
import time
from importlib.util import find_spec
from typing import Any

from django.utils.log import AdminEmailHandler

_MAILS_EVERY_SECONDS = 60.0
_LONGEST_SUBJECT = 200


class PatternsForAddresses(logging.Filter):
    """Puts the pattern of an address where Django logs the address, which may have a token in it.

    It belongs on a logger, not on a handler: Sentry reads what loggers let through.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; all pass."""
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        if path and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            pattern = f"/{match.route}" if match else "(no such address)"
            record.args = tuple(pattern if item == path else item for item in record.args)
        return True


class FailureMails(AdminEmailHandler):
    """Mails what is logged, at most once in a minute: a database that is away fails every page."""

    def __init__(self) -> None:
        super().__init__()
        self._free_at, self._left_out = 0.0, 0
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Send it, or count it among those that the next mail mentions."""
        with self._counting:
            if time.monotonic() < self._free_at:
                self._left_out += 1
                return
            left_out, self._left_out = self._left_out, 0
            self._free_at = time.monotonic() + _MAILS_EVERY_SECONDS
        text = self.format(record)
        if left_out:
            text += f"\n\nFailures since the last mail that were not mailed: {left_out}."
        subject = f"{record.levelname}: {record.getMessage()}"[:_LONGEST_SUBJECT]
        self.send_mail(self.format_subject(subject), text, fail_silently=True)


def report_to_sentry(address: str) -> None:
    """Have failures of this process sent to an address.

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
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        before_send=_without_request,
    )


def _without_request(event: Any, hint: Any) -> Any:
    """Return an event that keeps only the method of its request."""
    request = event.pop("request", {})
    event.pop("user", None)
    if "method" in request:
        event["request"] = {"method": request["method"]}
    return event
