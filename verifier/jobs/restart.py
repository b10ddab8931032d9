"""The start of a kfmap that nobody else is part of: what its last end cut off is put right."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.core.files.storage import storages

from kfmap.catalogue.availability import StorageAwayError
from verifier.jobs.files import remove_orphans
from verifier.jobs.object_folder import ObjectFolder
from verifier.records.models import Job, Worker

_OLD = timedelta(hours=1)  # no upload takes so long
log = logging.getLogger(__name__)


def take_up_what_was_cut_off() -> None:
    """Queue every open job, forget workers that are gone, remove files that belong to no row."""
    Job.objects.open().update(state=Job.State.QUEUED, sent_at=None)
    Worker.objects.all().delete()
    own = isinstance(storages["objects"], ObjectFolder)
    try:
        remove_orphans(timedelta(0) if own else _OLD)
    except (OSError, StorageAwayError) as error:
        log.warning("uploads that were cut off stay for now: %s", error)
