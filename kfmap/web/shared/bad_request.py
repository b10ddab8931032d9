"""What is said to a request that Django does not read: a form that is too large, or malformed."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_TOO_LARGE = (
    "The form has more than {megabytes} MB of text, and nothing of it was read. Send it as a file,"
    " or only the part that matters: of a log, what stands around the first error."
)
_MALFORMED = "The request could not be read. Load the page again, and send the form once more."


def refuse_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 413 to a form that is too large, 400 to anything else, in a sentence."""
    if isinstance(exception, RequestDataTooBig):
        text = _TOO_LARGE.format(megabytes=settings.KFMAP_MAX_FORM_BYTES >> 20)
        status, title = 413, "Too large"
    else:
        status, title, text = 400, "Not read", _MALFORMED
    names = {"problem": text, "title": title, "form": request.path}
    return render(request, "400.html", names, status=status)
