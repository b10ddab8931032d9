"""Take in files: find the objects in them, store the bytes, know an object again by its hash, have
it checked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from kfmap.quotas.uploads import spend_upload
from verifier.engine.judging.choice_text import plain_choices
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.engine.origin import UNKNOWN_ORIGIN, Origin
from verifier.jobs import files
from verifier.jobs.checker import CheckFailedError
from verifier.jobs.opening import open_job
from verifier.jobs.reconcile import send
from verifier.jobs.unpacking import is_container, unpack
from verifier.jobs.upload_hash import hash_upload
from verifier.records.loaders import take_object
from verifier.records.models import BpfObject, Job, Submission
from verifier.spaces.models import AuditEntry, Space

MAX_NAME = 255
_PATIENCE_SECONDS, _LOOK_SECONDS = 20.0, 0.2


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
    _spend(uploads, user)
    submission = Submission.objects.create(user=user, space=space, **asdict(origin))
    return _fill(submission, uploads, choices)


def submit_once(
    uploads: Iterable[UploadedFile[bytes]],
    user: User,
    choices: LoaderChoices = NO_CHOICES,
    space: Space | None = None,
    origin: Origin = UNKNOWN_ORIGIN,
) -> tuple[Submission, bool]:
    """Take in what `submit` does, unless the same is being taken in, checked, or was just now.

    Return the submission and whether it was there before. The same: names, bytes, choices and
    origin, by the same person into the same space.
    """
    uploads = list(uploads)
    _spend(uploads, user)
    space = space or Space.objects.home_of(user)
    said = {**plain_choices(choices), **{name: [text] for name, text in asdict(origin).items()}}
    digest = hash_upload(uploads, said)
    submission, is_new = _claim(user, space, digest, origin)
    if not is_new and not _is_whole_soon(submission):
        Submission.objects.filter(pk=submission.pk).update(digest="")  # its process may be dead
        submission, is_new = _claim(user, space, digest, origin)
    if not is_new:
        return submission, True
    try:
        return _fill(submission, uploads, choices), False
    except BaseException:
        Submission.objects.filter(pk=submission.pk).update(digest="", is_whole=True)
        raise  # the same may be sent again


@transaction.atomic
def _claim(user: User, space: Space, digest: str, origin: Origin) -> tuple[Submission, bool]:
    """Return the submission of the same that is there, else a new one, and whether it is new."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two that are sent at once
    before = Submission.objects.find_same(user, space, digest)
    if before is not None:
        return before, False
    made = Submission.objects.create(
        user=user, space=space, digest=digest, is_whole=False, **asdict(origin)
    )
    return made, True


def _is_whole_soon(submission: Submission) -> bool:
    """Wait until another request has taken in the files, and return whether it has."""
    ends_at, is_whole = time.monotonic() + _PATIENCE_SECONDS, submission.is_whole
    while not is_whole and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
        is_whole = Submission.objects.filter(pk=submission.pk, is_whole=True).exists()
    return is_whole


def _spend(uploads: Sequence[UploadedFile[bytes]], user: User | None) -> None:
    if user is not None:
        spend_upload(user.pk, len(uploads), sum(upload.size or 0 for upload in uploads))


def _fill(
    submission: Submission, uploads: Iterable[UploadedFile[bytes]], choices: LoaderChoices
) -> Submission:
    AuditEntry.objects.record(submission.space, submission.user, "upload", str(submission))
    opened = [job for upload in uploads for job in _take_in(submission, upload, choices)]
    has_objects = submission.files.exclude(object=None).exists()
    Submission.objects.filter(pk=submission.pk).update(is_awaited=has_objects, is_whole=True)
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
