"""Versions of an object: what was uploaded into a space under one name, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from verifier.records.models import BpfObject, SubmittedFile
from verifier.spaces.models import Space

MOST_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its bytes, and when and by whom they were uploaded last."""

    object: BpfObject
    uploaded_at: datetime
    by: User | None


def list_versions(space: Space, name: str) -> list[Version]:
    """Return the versions of a name in a space; bytes that came twice count as of the last time."""
    files = SubmittedFile.objects.filter(
        submission__space=space, name=name, object__isnull=False
    ).select_related("object", "submission__user")
    found: dict[int, Version] = {}
    for file in files.order_by("-pk")[: 4 * MOST_VERSIONS]:
        if file.object is not None and file.object.pk not in found:
            file.object.name_here = file.name
            sent = file.submission
            found[file.object.pk] = Version(file.object, sent.created_at, sent.user)
    return list(found.values())[:MOST_VERSIONS]


def find_newest(space: Space, name: str) -> BpfObject | None:
    """Return the version that answers for a name now."""
    versions = list_versions(space, name)
    return versions[0].object if versions else None
