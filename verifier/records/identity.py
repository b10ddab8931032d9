"""What the uploads that somebody sees change with, in two queries that no number of them slows."""

from __future__ import annotations

from django.db import connection
from django.db.models import Count, Max, Sum

from verifier.records.models import Job, Removal, SubmittedFile
from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.roles import Action

# Written out, for each page of somebody who signed in asks it and building it took longer than
# asking. Each greatest value is the last of an index.
_STEPS = f"""SELECT
 (SELECT MAX(id) FROM {Job._meta.db_table}),
 (SELECT MAX(heartbeat) FROM {Job._meta.db_table}),
 (SELECT MAX(finished_at) FROM {Job._meta.db_table}),
 (SELECT COUNT(*) FROM {Job._meta.db_table} WHERE state = %s),
 (SELECT MAX(id) FROM {SubmittedFile._meta.db_table}),
 (SELECT MAX(count) FROM {Removal._meta.db_table})"""  # noqa: S608 - names of tables, nothing of readers


def identify_uploads(user: Reader) -> tuple[object, ...]:
    """Return what is another value as soon as a job takes a step or other uploads are seen.

    Rows that come, and steps of jobs, are found at the end of an index; rows that go are counted
    as they go. What else somebody sees depends on the spaces that are open to them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [Job.State.QUEUED])
        steps = cursor.fetchone()
    spaces = Space.objects.where(user, Action.SEE).order_by()
    seen = spaces.aggregate(Count("pk"), Max("pk"), Sum("pk"))
    return (*steps, *seen.values())
