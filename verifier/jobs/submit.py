"""Take in files: find the objects in them, store the bytes, know an object again by its hash, have
it checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from kfmap.quotas.uploads import spend_upload
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.jobs import files
from verifier.jobs.checker import CheckFailedError
from verifier.jobs.opening import open_job, set_loader
from verifier.jobs.reconcile import send
from verifier.jobs.unpacking import is_container, unpack
from verifier.records.models import BpfObject, Job, Submission
from verifier.spaces.models import Space

MAX_NAME = 255


def submit(
    uploads: Iterable[UploadedFile[bytes]],
    user: User | None,
    choices: LoaderChoices = NO_CHOICES,
    space: Space | None = None,
) -> Submission:
    """Take in what was uploaded at once; a file that is refused does not stop the others.

    `space`: where it goes, by default the uploader's own. That they may submit there is asked by
    the caller.

    `choices`, if there are any, are from now on what the loader of each of the objects does.
    Whatever the broker does, the jobs are kept: one that it did not take waits for the queue.
    Raises QuotaError where the user uploaded too much lately.
    """
    uploads = list(uploads)
    if user is not None:
        spend_upload(user.pk, len(uploads), sum(upload.size or 0 for upload in uploads))
    submission = Submission.objects.create(user=user, space=space)
    opened = [job for upload in uploads for job in _take_in(submission, upload, choices)]
    send(job.pk for job in opened)
    return submission


def _take_in(
    submission: Submission, upload: UploadedFile[bytes], choices: LoaderChoices
) -> Iterator[Job]:
    """Keep what was uploaded, or each object in it; return the jobs that are new."""
    name = upload.name or "unnamed"
    try:
        if not is_container(upload):
            yield from _keep(submission, name, upload, choices)
            return
        for item in unpack(name, upload):
            if item.problem:
                _refuse(submission, item.name, item.problem)
            else:
                yield from _keep(submission, item.name, ContentFile(item.data), choices)
    except files.RefusedFileError as error:
        _refuse(submission, name, str(error))
    except CheckFailedError as error:
        _refuse(submission, name, f"not all of it could be looked into: {error}")


def _keep(
    submission: Submission, name: str, file: File[bytes], choices: LoaderChoices
) -> Iterator[Job]:
    """Keep one object; return its job if that is new. Raises RefusedFileError."""
    name = name[-MAX_NAME:]
    stored = files.store(file)
    with transaction.atomic():
        obj, is_new = BpfObject.objects.get_or_create(
            sha256=stored.sha256, defaults={"file_name": name, "size": stored.size}
        )
        if choices != NO_CHOICES:
            set_loader(obj, choices)
        job, opened = open_job(obj)
        known = not is_new and _knows(submission.user, obj)
        submission.files.create(name=name, object=obj, known_before=known)
    if not files.is_stored(stored.sha256):  # another one deleted the same object meanwhile
        files.store(file)
    if job and opened:
        yield job


def _knows(user: User | None, obj: BpfObject) -> bool:
    """Return whether somebody could see the object already: that others have it is not told."""
    return user is None or BpfObject.objects.visible_to(user).filter(pk=obj.pk).exists()


def _refuse(submission: Submission, name: str, problem: str) -> None:
    submission.files.create(name=name[-MAX_NAME:], problem=f"Not taken: {problem}.")
