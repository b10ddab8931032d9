"""How large an object may be: read by the settings, and by commands that run without them."""

from __future__ import annotations

import os

VARIABLE = "KFMAP_MAX_UPLOAD_MB"
DEFAULT_MEGABYTES = 100


class UploadLimitError(ValueError):
    """The limit in the environment is not a number: says which variable to change."""


def read_upload_limit() -> int:
    """Return the limit in bytes. Raises UploadLimitError."""
    text = os.environ.get(VARIABLE) or str(DEFAULT_MEGABYTES)
    if not text.isdecimal() or not int(text):
        raise UploadLimitError(f"{VARIABLE} is {text!r}: set it to a whole number above 0.")
    return int(text) << 20
