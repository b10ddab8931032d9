"""Uploads that may be sent twice: the same Idempotency-Key gives the same answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from kfmap.api.errors import ConflictError, UnprocessableError
from kfmap.api.models import UploadKey
from verifier.records.models import Submission

MAX_KEY = 200
_GIVEN_UP_AFTER = timedelta(minutes=10)  # the server was killed: taking in lasts no longer


def submit_by_key(
    user: User, key: str, content: str, submit: Callable[[], Submission]
) -> tuple[Submission, bool]:
    """Return the submission and whether it was made before; `content` is the hash of what was sent.

    Raises ConflictError while the first request is not finished, and UnprocessableError for a key
    that something else was sent with.
    """
    if len(key) > MAX_KEY:
        raise UnprocessableError(f"Idempotency-Key is longer than {MAX_KEY} characters.")
    row, is_new = UploadKey.objects.get_or_create(user=user, key=key, defaults={"content": content})
    if not is_new and not _take_over(row, content):
        return _answer_again(row, content), True
    try:
        row.submission = submit()
    except BaseException:
        row.delete()  # so that the same request may be sent again
        raise
    row.save(update_fields=["submission"])
    return row.submission, False


def _take_over(row: UploadKey, content: str) -> bool:
    """Return whether the first request of a key was given up, and the caller has it from now on."""
    now = timezone.now()
    given_up = UploadKey.objects.filter(
        pk=row.pk, content=content, submission=None, created_at__lt=now - _GIVEN_UP_AFTER
    )
    return bool(given_up.update(created_at=now))


def _answer_again(row: UploadKey, content: str) -> Submission:
    if row.content != content:
        raise UnprocessableError(
            "This Idempotency-Key was sent with other files or options before; use a new one."
        )
    if row.submission is None:
        raise ConflictError
    return row.submission
