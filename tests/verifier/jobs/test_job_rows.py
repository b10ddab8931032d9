"""A job's row decides what is to be done, whatever became of messages, workers and clocks."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from verifier.jobs.processes import let_go_of_the_gone, name_process
from verifier.records.models import BpfObject, Job
from verifier.records.models.job import MAX_ATTEMPTS, SENT_AGAIN_AFTER, SILENT_AFTER, JobLostError

pytestmark = pytest.mark.django_db
MARGIN = timedelta(seconds=5)
_numbers = count()


def create_job(**values: object) -> Job:
    """Make a job of an object of its own."""
    obj = BpfObject.objects.create(sha256=f"{next(_numbers):064x}", file_name="toy.o", size=1)
    return Job.objects.create(object=obj, **values)


def ago(span: timedelta) -> object:
    """Return the time that was so long ago."""
    return timezone.now() - span


def claim(job: Job) -> Job:
    """Take a job as a worker does."""
    mine = Job.objects.claim(job.pk)
    assert mine is not None
    return mine


def state(job: Job) -> str:
    """Return the state of the row."""
    return Job.objects.get(pk=job.pk).state


def test_job_that_was_never_sent_is_due_once() -> None:
    job = create_job()
    assert Job.objects.due(in_queue=0).all == [job.pk]
    assert Job.objects.due(in_queue=0).all == []


def test_job_sent_a_while_ago_is_due_where_the_queue_is_short() -> None:
    job = create_job(sent_at=ago(SENT_AGAIN_AFTER + MARGIN))
    assert Job.objects.due(in_queue=10_000).all == []
    assert Job.objects.due(in_queue=0).all == [job.pk]


def test_job_is_due_in_a_long_queue_where_a_later_one_runs() -> None:
    """A worker that was killed keeps the message it had fetched beside the one it worked on."""
    lost = create_job(sent_at=ago(10 * SENT_AGAIN_AFTER))
    create_job(sent_at=ago(SENT_AGAIN_AFTER / 2))
    claim(create_job(sent_at=ago(timedelta(0))))
    assert Job.objects.due(in_queue=10_000).late == [lost.pk]


@pytest.mark.parametrize("off", [SILENT_AFTER + MARGIN, -SILENT_AFTER - MARGIN])
def test_running_job_is_due_when_its_heartbeat_is_long_past_or_far_ahead(off: timedelta) -> None:
    job = create_job()
    claim(job)
    assert Job.objects.due(in_queue=0).all == []
    Job.objects.update(heartbeat=ago(off))
    assert Job.objects.due(in_queue=10_000).all == [job.pk]
    assert Job.objects.due(in_queue=10_000).all == []


def test_job_that_its_worker_let_go_of_goes_before_those_that_wait() -> None:
    waits, begun = create_job(), create_job()
    claim(begun).release()
    due = Job.objects.due(in_queue=0)
    assert (due.late, due.waiting) == ([begun.pk], [waits.pk])


def test_job_of_a_process_that_is_gone_is_due_at_once() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    name = name_process()
    gone, here = create_job(), create_job()
    Job.objects.claim(gone.pk, name.replace(f":{os.getpid()}@", f":{ended.pid}@"))
    Job.objects.claim(here.pk, name)
    assert Job.objects.due(in_queue=0).all == []
    assert let_go_of_the_gone() == 1
    assert Job.objects.due(in_queue=10_000).late == [gone.pk]
    assert let_go_of_the_gone() == 0


@pytest.mark.parametrize(
    "worker", ["host:1@another place", "host:1", "", f"host:no number{name_process()[-9:]}"]
)
def test_job_of_a_process_that_cannot_be_looked_for_is_left_to_its_heartbeat(worker: str) -> None:
    Job.objects.claim(create_job().pk, worker)
    assert let_go_of_the_gone() == 0


def test_job_that_another_took_over_meanwhile_is_not_silenced() -> None:
    mine = claim(create_job())
    assert Job.objects.silence(mine.pk, mine.claims - 1) == 0
    mine.beat("still here", 0, 1)


def test_running_job_without_a_heartbeat_is_due() -> None:
    job = create_job(state=Job.State.RUNNING)
    assert Job.objects.due(in_queue=0).all == [job.pk]


@pytest.mark.parametrize("over", [Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED, "parked"])
def test_job_that_is_over_or_put_aside_is_not_due(over: str) -> None:
    create_job(state=over)
    assert Job.objects.due(in_queue=0).all == []


def test_first_worker_may_not_write_once_another_took_over() -> None:
    first = claim(create_job())
    Job.objects.update(heartbeat=ago(SILENT_AFTER + MARGIN))
    second = claim(first)
    with pytest.raises(JobLostError), first.held():
        pytest.fail("it wrote")
    first.finish(Job.State.DONE)
    first.release()
    assert state(first) == Job.State.RUNNING
    with second.held():
        pass


def test_claim_that_was_given_back_does_not_let_an_older_one_write() -> None:
    """The number of attempts goes back with a release; that of claims never does."""
    first = claim(create_job())
    Job.objects.update(heartbeat=ago(SILENT_AFTER + MARGIN))
    claim(first).release()
    Job.objects.retry()
    claim(first)
    with pytest.raises(JobLostError):
        first.beat("still here", 0, 1)


@pytest.mark.parametrize("at", ["queued", "running", "silent", "parked"])
def test_job_can_be_cancelled_in_any_state(at: str) -> None:
    job = create_job()
    if at in ("running", "silent"):
        claim(job)
    if at == "silent":
        Job.objects.update(heartbeat=ago(SILENT_AFTER + MARGIN))
    if at == "parked":
        Job.objects.park()
    assert Job.objects.cancel() == 1
    assert state(job) == Job.State.CANCELLED


def test_cancelled_job_tells_its_worker() -> None:
    mine = claim(create_job())
    Job.objects.cancel()
    with pytest.raises(JobLostError):
        mine.beat("still here", 0, 1)
    mine.finish(Job.State.DONE)
    assert state(mine) == Job.State.CANCELLED


def test_job_that_was_put_aside_waits_until_it_is_tried_again() -> None:
    job = create_job()
    assert Job.objects.park() == 1
    assert Job.objects.claim(job.pk) is None
    assert Job.objects.retry() == [job.pk]
    assert Job.objects.due(in_queue=0).all == [job.pk]
    claim(job)


@pytest.mark.parametrize("ended", [Job.State.FAILED, Job.State.CANCELLED])
def test_job_that_ended_early_can_be_tried_again(ended: str) -> None:
    job = create_job(state=ended, attempts=MAX_ATTEMPTS, problem="It broke.")
    assert Job.objects.retry() == [job.pk]
    again = claim(job)
    assert (again.attempts, again.problem) == (1, "")


def test_job_that_is_being_done_is_not_begun_a_second_time() -> None:
    claim(create_job())
    assert Job.objects.retry() == []


def test_silent_job_can_be_tried_again_at_once() -> None:
    mine = claim(create_job())
    Job.objects.update(heartbeat=ago(SILENT_AFTER + MARGIN))
    assert Job.objects.retry() == [mine.pk]
    assert state(mine) == Job.State.QUEUED


def test_object_with_an_open_job_gets_no_second_one() -> None:
    failed = create_job(state=Job.State.FAILED)
    opened = Job.objects.create(object=failed.object)
    assert Job.objects.retry() == [opened.pk]
    assert state(failed) == Job.State.FAILED


def test_only_the_latest_of_an_objects_jobs_is_tried_again() -> None:
    first = create_job(state=Job.State.FAILED)
    second = Job.objects.create(object=first.object, state=Job.State.FAILED)
    assert Job.objects.retry() == [second.pk]


def test_job_let_go_for_want_of_the_database_is_sent_again_after_a_while() -> None:
    mine = claim(create_job())
    mine.release("the database")
    row = Job.objects.get()
    assert (row.state, row.attempts, row.waits_for) == (Job.State.QUEUED, 0, "the database")
    assert Job.objects.due(in_queue=0).all == []
    Job.objects.update(sent_at=ago(SENT_AGAIN_AFTER + MARGIN))
    assert Job.objects.due(in_queue=0).all == [mine.pk]


def test_job_says_what_it_waits_for() -> None:
    job = create_job()
    assert job.waits_for == "the queue"
    Job.objects.due(in_queue=0)
    assert Job.objects.get().waits_for == "a worker"


def test_attempts_count_only_while_they_come_to_nothing() -> None:
    job = create_job()
    for _ in range(2 * MAX_ATTEMPTS):
        mine = claim(job)
        mine.beat("checking", 1, 3, moved=True)
        Job.objects.update(heartbeat=ago(SILENT_AFTER + MARGIN))
    assert Job.objects.get().attempts == 1
