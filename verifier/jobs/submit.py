"""Take in files: find the objects in them, store the bytes, know an object again by its hash, have
it checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from kfmap.quotas.uploads import spend_upload
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.engine.origin import UNKNOWN_ORIGIN, Origin
from verifier.jobs import files
from verifier.jobs.checker import CheckFailedError
from verifier.jobs.opening import open_job
from verifier.jobs.reconcile import send
from verifier.jobs.unpacking import is_container, unpack
from verifier.records.loaders import take_object
from verifier.records.models import BpfObject, Job, Submission
from verifier.spaces.models import Space

MAX_NAME = 255


def submit(
    uploads: Iterable[UploadedFile[bytes]],
    user: User | None,
    choices: LoaderChoices = NO_CHOICES,
    space: Space | None = None,
    origin: Origin = UNKNOWN_ORIGIN,
) -> Submission:
    """Take in what was uploaded at once; a file that is refused does not stop the others.

    `space`: where it goes, by default the uploader's own. That they may submit there is asked by
    the caller. `origin`: what the files were made of.

    `choices`, if there are any, are from now on what the loader of each of the objects does in
    this space.
    Whatever the broker does, the jobs are kept: one that it did not take waits for the queue.
    Raises QuotaError where the user uploaded too much lately.
    """
    uploads = list(uploads)
    if user is not None:
        spend_upload(user.pk, len(uploads), sum(upload.size or 0 for upload in uploads))
    submission = Submission.objects.create(user=user, space=space, **asdict(origin))
    opened = [job for upload in uploads for job in _take_in(submission, upload, choices)]
    if submission.files.exclude(object=None).exists():
        Submission.objects.filter(pk=submission.pk).update(is_awaited=True)
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
        known = _knows(submission.user, stored.sha256)
        said = choices if choices != NO_CHOICES else None
        assert submission.space is not None  # a submission that is kept has one
        obj = take_object(submission.space, stored.sha256, stored.size, name, said)
        job, opened = open_job(obj)
        submission.files.create(name=name, object=obj, known_before=known)
    if not files.is_stored(stored.sha256):  # another one deleted the same object meanwhile
        files.store(file)
    if job and opened:
        yield job


def _knows(user: User | None, sha256: str) -> bool:
    """Return whether somebody could see the bytes already: that others have them is not told."""
    seen = BpfObject.objects.all() if user is None else BpfObject.objects.visible_to(user)
    return seen.filter(sha256=sha256).exists()


def _refuse(submission: Submission, name: str, problem: str) -> None:
    submission.files.create(name=name[-MAX_NAME:], problem=f"Not taken: {problem}.")
