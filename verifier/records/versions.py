"""Versions of an object: what was uploaded into a space under one name, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from verifier.engine.origin import FIELDS, Origin
from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.spaces.access import Reader
from verifier.spaces.models import Space

MOST_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its bytes, when and by whom they were uploaded last, and what they are of."""

    object: BpfObject
    uploaded_at: datetime
    by: User | None
    origin: Origin


def list_versions(space: Space, name: str) -> list[Version]:
    """Return the versions of a name in a space; bytes that came twice count as of the last time."""
    files = _files_of(space, name).select_related("object", "submission__user")
    found: dict[int, Version] = {}
    for file in files[: 4 * MOST_VERSIONS]:
        if file.object is not None and file.object.pk not in found:
            file.object.name_here = file.name
            sent = file.submission
            version = Version(file.object, sent.created_at, sent.user, sent.origin)
            found[file.object.pk] = version
    return list(found.values())[:MOST_VERSIONS]


def load_origins(
    objects: Iterable[BpfObject], reader: Reader, space: Space | None = None
) -> dict[int, Origin]:
    """Return what objects were made of by their id, as the latest upload says that the reader may
    see and that says something; in one query. `space`: of uploads into this one alone."""
    said = Submission.objects.visible_to(reader).filter(files__object__in=list(objects))
    said = said if space is None else said.filter(space=space)
    rows = said.order_by("files__pk").values_list("files__object_id", *FIELDS)
    return {object_id: Origin(*texts) for object_id, *texts in rows if any(texts)}


def find_newest(space: Space, name: str) -> BpfObject | None:
    """Return the version that answers for a name now."""
    latest = _files_of(space, name).select_related("object").first()
    return latest.object if latest else None


def find_newest_id(space: Space, name: str) -> int | None:
    """Return the id of that version."""
    return _files_of(space, name).values_list("object_id", flat=True).first()


def _files_of(space: Space, name: str) -> QuerySet[SubmittedFile]:
    """Return what was uploaded into a space under a name and taken, the latest first."""
    files = SubmittedFile.objects.filter(submission__space=space, name=name, object__isnull=False)
    return files.order_by("-pk")
