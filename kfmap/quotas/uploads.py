"""How much one account may upload, by pages, the API and whatever else takes files in."""

from __future__ import annotations

from django.conf import settings

from kfmap.quotas.limits import Limit, QuotaError
from kfmap.quotas.models import Spent
from kfmap.quotas.spans import present_span


def spend_upload(user_pk: int, files: int, size: int) -> None:
    """Count files and their bytes together. Raises QuotaError: then nothing is taken in."""
    for limit, amount in ((_files(), files), (_bytes(), size)):
        if not Spent.objects.spend(limit, str(user_pk), amount):
            raise QuotaError(_sentence(limit), present_span(limit.seconds).seconds_left)


def find_upload_refusal(user_pk: int) -> str:
    """Return why the account may upload nothing now, "" where it may."""
    for limit in (_files(), _bytes()):
        if Spent.objects.left(limit, str(user_pk)) <= 0:
            return _sentence(limit)
    return ""


def _files() -> Limit:
    return Limit("uploaded files", settings.KFMAP_UPLOADS_PER_MINUTE, 60)


def _bytes() -> Limit:
    return Limit("uploaded bytes", settings.KFMAP_UPLOAD_MB_PER_HOUR << 20, 3600)


def _sentence(limit: Limit) -> str:
    if limit.seconds == 60:
        most = f"{limit.most} files in a minute"
    else:
        most = f"{limit.most >> 20} MB in an hour"
    wait = present_span(limit.seconds).seconds_left
    span = f"{wait} seconds" if wait < 120 else f"{wait // 60 + 1} minutes"
    return f"Your account may upload {most}: try again in {span}."
