"""The end of uploads that their spaces do not keep any longer."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from verifier.records.endings import delete_upload
from verifier.records.models import Submission
from verifier.spaces.models import Space

_AT_ONCE = 1000


def expire_uploads() -> int:
    """Delete what is older than its space keeps uploads; return how many there were.

    Uploads without a space, which a release before this one took in, go into their uploader's.
    """
    for stray in Submission.objects.filter(space=None).select_related("user")[:_AT_ONCE]:
        stray.space = Space.objects.home_of(stray.user)
        stray.save(update_fields=["space"])
    ended = 0
    for space in Space.objects.exclude(retention_days=None):
        before = timezone.now() - timedelta(days=space.retention_days or 0)
        old = Submission.objects.filter(space=space, created_at__lt=before)
        for submission in old[: _AT_ONCE - ended]:
            delete_upload(submission, None)
            ended += 1
    return ended
