"""What the uploads that somebody sees change with, in one query that no number of them slows."""

from __future__ import annotations

from django.db import connection

from verifier.records.models import Job, Removal, SubmittedFile
from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.prepared import Prepared
from verifier.spaces.roles import Action

_SEEN = Prepared(lambda reader, _: Space.objects.where(reader, Action.SEE).order_by().values("pk"))
_EVERY = {"postgresql": "STRING_AGG(pk::text, ',')", "sqlite": "GROUP_CONCAT(pk)"}
# Each page of somebody who signed in asks it. Each greatest value is the last of an index.
_STEPS = f"""SELECT
 (SELECT MAX(id) FROM {Job._meta.db_table}),
 (SELECT MAX(heartbeat) FROM {Job._meta.db_table}),
 (SELECT MAX(finished_at) FROM {Job._meta.db_table}),
 (SELECT SUM(id) FROM {Job._meta.db_table} WHERE state = %s),
 (SELECT MAX(id) FROM {SubmittedFile._meta.db_table}),
 (SELECT MAX(count) FROM {Removal._meta.db_table}),
 {{every}} FROM ({{}}) seen"""  # noqa: S608 - names of tables, nothing of readers


def identify_uploads(user: Reader) -> tuple[object, ...]:
    """Return what is another value as soon as a job takes a step or other uploads are seen.

    Rows that come, and steps of jobs, are found at the end of an index; rows that go are counted
    as they go. What else somebody sees depends on the spaces that are open to them: each is named,
    for of their number and sum, two that come and two that go may leave both as they were. A file
    whose transaction ends after that of a later one shows with the next step of any job.
    """
    steps = _STEPS.replace("{every}", _EVERY[connection.vendor])
    return _SEEN.within(steps, [Job.State.QUEUED], user)
