"""Take in files: store the bytes, know an object again by its hash, have it checked."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from verifier.jobs import files
from verifier.jobs.opening import ensure_job
from verifier.records.models import BpfObject, Submission, SubmittedFile

MAX_NAME = 255


def submit(uploads: Iterable[UploadedFile[bytes]], user: User | None) -> Submission:
    """Take in what was uploaded at once; a file that is refused does not stop the others."""
    submission = Submission.objects.create(user=user)
    for upload in uploads:
        _take_in(submission, upload)
    return submission


def _take_in(submission: Submission, upload: UploadedFile[bytes]) -> SubmittedFile:
    name = (upload.name or "unnamed")[-MAX_NAME:]
    try:
        stored = files.store(upload.chunks())
    except files.RefusedFileError as error:
        return submission.files.create(name=name, problem=f"Not taken: {error}.")
    with transaction.atomic():
        obj, is_new = BpfObject.objects.get_or_create(
            sha256=stored.sha256, defaults={"file_name": name, "size": stored.size}
        )
        ensure_job(obj)
        return submission.files.create(name=name, object=obj, known_before=not is_new)
