"""A count of all uploads that somebody sees is kept until these change, and is of nobody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kfmap.catalogue.models import Kernel
from kfmap.web.uploads.uploads_on_kernel import Progress, measure_progress
from tests.verifier.spaces.people import create_team
from verifier.records.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def test_count_is_made_anew_when_uploads_change() -> None:
    team = create_team()
    kernel, reader = Kernel(name="none", facts_hash="none"), team.user("reader")
    assert measure_progress(kernel, reader) == Progress(1, 0, 0)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert measure_progress(kernel, reader) == Progress(1, 0, 0)
    assert len(asked) == 1  # whether anything changed
    team.object.jobs.create(state=Job.State.QUEUED)
    assert measure_progress(kernel, reader) == Progress(1, 0, 1)
    assert measure_progress(kernel, User.objects.create_user("other")) == Progress(0, 0, 0)
    team.submission.delete()
    team.object.delete()
    assert measure_progress(kernel, reader).total == 0
