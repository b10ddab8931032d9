"""Give the broker the jobs that add kernels; what it loses is sent again, for the row says so."""

from __future__ import annotations

import logging

from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from kfmap.adding.models import Addition
from kfmap.celery import app

ADD_KERNEL = "kfmap.adding.add_kernel"
log = logging.getLogger(__name__)


def send_additions() -> None:
    """Send every open job that the broker may not have."""
    for pk in list(Addition.objects.unsent().values_list("pk", flat=True)):
        try:
            app.send_task(ADD_KERNEL, (pk,), retry=False)
        except OperationalError as error:
            log.warning("the broker takes no jobs: %s", error)
            return
        Addition.objects.filter(pk=pk).update(sent_at=Now())
