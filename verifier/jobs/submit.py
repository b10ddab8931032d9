"""Take in files: store the bytes, know an object again by its hash, have it checked."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from verifier.jobs import files
from verifier.jobs.opening import open_job
from verifier.jobs.reconcile import send
from verifier.records.models import BpfObject, Job, Submission

MAX_NAME = 255


def submit(uploads: Iterable[UploadedFile[bytes]], user: User | None) -> Submission:
    """Take in what was uploaded at once; a file that is refused does not stop the others.

    Whatever the broker does, the jobs are kept: one that it did not take waits for the queue.
    """
    submission = Submission.objects.create(user=user)
    opened = [_take_in(submission, upload) for upload in uploads]
    send(job.pk for job in opened if job)
    return submission


def _take_in(submission: Submission, upload: UploadedFile[bytes]) -> Job | None:
    """Keep one file; return its job if that is new."""
    name = (upload.name or "unnamed")[-MAX_NAME:]
    try:
        stored = files.store(upload)
    except files.RefusedFileError as error:
        submission.files.create(name=name, problem=f"Not taken: {error}.")
        return None
    with transaction.atomic():
        obj, is_new = BpfObject.objects.get_or_create(
            sha256=stored.sha256, defaults={"file_name": name, "size": stored.size}
        )
        job, opened = open_job(obj)
        submission.files.create(name=name, object=obj, known_before=not is_new)
    if not files.is_stored(stored.sha256):  # another one deleted the same object meanwhile
        files.store(upload)
    return job if opened else None
