"""The bytes that were given for kernels, and those that nobody will read any more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import Storage, storages
from django.utils import timezone

from kfmap.adding.models import Addition, GivenPart

_OLD = timedelta(hours=1)  # no upload takes so long
log = logging.getLogger(__name__)


def cancel(addition: Addition) -> bool:
    """End a job, whatever became of its worker; return whether it had not ended."""
    if addition.is_over:
        return False
    addition.finish(Addition.State.CANCELLED)
    forget_parts(addition)
    return True


def forget_parts(addition: Addition) -> None:
    """Remove the bytes that were given: the kernel has what is needed of them."""
    for part in addition.parts.exclude(file=""):
        try:
            part.file.delete(save=True)
        except OSError as error:
            log.warning("%s of addition %s stays: %s", part.kind, addition.pk, error)


def forget_left_parts() -> None:
    """Remove the bytes of jobs that have ended, where a worker was killed before it did."""
    ended = Addition.objects.exclude(state__in=Addition.OPEN)
    for addition in ended.filter(parts__in=GivenPart.objects.exclude(file="")).distinct():
        forget_parts(addition)


def remove_orphans() -> None:
    """Remove the bytes of uploads that were cut off before their rows were kept."""
    storage, before = storages["kernels"], timezone.now() - _OLD
    known = set(GivenPart.objects.exclude(file="").values_list("file", flat=True))
    try:
        for name in _list(storage):
            if name not in known and storage.get_modified_time(name) <= before:
                storage.delete(name)
    except FileNotFoundError:  # nothing was ever uploaded
        return
    except OSError as error:
        log.warning("kernels that were cut off stay for now: %s", error)


def _list(storage: Storage) -> Iterator[str]:
    """Return the names of all files; drafts lie outside of folders."""
    folders, drafts = storage.listdir("")
    yield from drafts
    for folder in folders:
        yield from (f"{folder}/{name}" for name in storage.listdir(folder)[1])
