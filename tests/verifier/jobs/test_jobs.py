"""Jobs, called as functions, with real check processes: progress, limits, repeats, cancels."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Container
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone
from pytest_django import Settings

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_verdict
from tests.verifier.engine.judging.toy import kernel_facts
from tests.verifier.shared import share
from verifier.engine.result_json import plain
from verifier.jobs import checker, files, supply, tasks
from verifier.jobs.opening import ensure_job
from verifier.jobs.run import Progress, run_job
from verifier.jobs.stopping import stop_jobs
from verifier.records import store
from verifier.records.models import BpfObject, Check, Job, Verdict
from verifier.records.models.job import MAX_ATTEMPTS, SILENT_AFTER, JobLostError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]

OBJECTS = Path(__file__).parents[2] / "objects"


@pytest.fixture(autouse=True)
def kernels() -> None:
    """Put two kernels into the map."""
    for name in ("6.12", "7.2"):
        save_kernel(replace(create_toy_kernel(), name=name), None)


def create_job(data: bytes | None = None) -> Job:
    """Store an object and make its job."""
    stored = files.store(ContentFile(data or (OBJECTS / "scheduler.bpf.o").read_bytes()))
    obj = share(BpfObject.objects.create(sha256=stored.sha256, file_name="toy.o", size=stored.size))
    job = ensure_job(obj)
    assert job is not None
    return job


def run(job: Job) -> Job:
    """Run the task and give the job as it is then."""
    tasks.check_object_job(job.pk)
    job = Job.objects.get(pk=job.pk)
    job.object.refresh_from_db()
    return job


def test_job_checks_the_object_on_every_kernel() -> None:
    job = run(create_job())
    assert (job.state, job.problem, job.object.problem) == (Job.State.DONE, "", "")
    assert store.pending_kernels(job.object) == []
    assert Check.objects.filter(problem="").count() == 2
    assert job.object.programs.count() > 1
    assert job.done == job.total == 3


def test_job_knows_the_options_of_a_kernel() -> None:
    facts = replace(create_toy_kernel(), name="6.18", version="configured")
    save_kernel(facts, None, config=b"CONFIG_NUMBER=100\n")
    job = run(create_job((OBJECTS / "options.bpf.o").read_bytes()))
    words = Verdict.objects.filter(program="number", check_row__object=job.object)
    assert sorted(words.values_list("verdict", flat=True)) == ["passes", "unknown", "unknown"]


def test_job_knows_the_names_of_all_kernels() -> None:
    facts = replace(kernel_facts("full_name_hash"), name="7.3")
    save_kernel(facts, None)
    job = run(create_job((OBJECTS / "externs.bpf.o").read_bytes()))
    verdicts = Verdict.objects.filter(check_row__object=job.object)
    told = verdicts.filter(check_row__facts_hash=Kernel.objects.get(name="7.2").facts_hash)
    assert told.get(program="of_a_module").verdict == "unknown"
    assert told.get(program="plain").verdict == "passes"  # guarded, and a kfunc of another kernel


def test_job_run_twice_does_its_work_once() -> None:
    job = run(create_job())
    before = list(Check.objects.values_list("pk", "created_at"))
    run(job)
    assert list(Check.objects.values_list("pk", "created_at")) == before


def test_job_asks_only_kernels_that_came_later() -> None:
    first = run(create_job())
    before = set(Check.objects.values_list("pk", flat=True))
    save_kernel(replace(create_toy_kernel(), name="7.3"), None)
    second = ensure_job(first.object)
    assert second is not None
    assert run(second).state == Job.State.DONE
    assert before < set(Check.objects.values_list("pk", flat=True))
    assert Check.objects.count() == 3


def test_object_that_is_known_everywhere_gets_no_job() -> None:
    assert ensure_job(run(create_job()).object) is None


def test_object_with_an_open_job_gets_no_second_one() -> None:
    job = create_job()
    assert ensure_job(job.object) == job


def test_broken_object_ends_with_the_reason() -> None:
    whole = (OBJECTS / "scheduler.bpf.o").read_bytes()
    job = run(create_job(whole[: len(whole) // 2]))
    assert job.state == Job.State.DONE
    assert job.object.problem
    assert job.object.programs.count() == 0


def test_check_past_its_time_could_not_be_done(settings: Settings) -> None:
    settings.KFMAP_CHECK_SECONDS = 0.001
    job = run(create_job())
    assert job.state == Job.State.DONE
    assert job.object.problem == "Could not be checked: it took longer than 0.001 s."


def test_check_past_its_memory_could_not_be_done(settings: Settings) -> None:
    settings.KFMAP_CHECK_MEGABYTES = 24
    job = run(create_job())
    assert job.state == Job.State.DONE
    unchecked = Check.objects.exclude(problem="").values_list("problem", flat=True)
    problem = job.object.problem or unchecked[0]  # what fits into memory it had is still done
    assert problem.startswith("Could not be checked: ")


def test_process_is_used_again_for_the_next_object() -> None:
    limits = checker.Limits(60, 2048)
    with checker.lend_process(limits) as first:
        pass
    with checker.lend_process(limits) as second:
        assert second is first


def test_process_that_broke_is_not_used_again() -> None:
    limits = checker.Limits(60, 2048)
    with (
        pytest.raises(checker.CheckFailedError, match="the check ended with code 1"),
        checker.lend_process(limits) as broken,
    ):
        list(broken.ask({"no": "object"}, [], supply.supply, tick=1))
    with checker.lend_process(limits) as next_one:
        assert next_one is not broken


def test_process_that_was_killed_is_replaced_and_the_job_done() -> None:
    limits = checker.Limits(settings.KFMAP_CHECK_SECONDS, settings.KFMAP_CHECK_MEGABYTES)
    with checker.lend_process(limits) as idle:
        idle._process.kill()
        idle._process.wait()
    assert run(create_job()).state == Job.State.DONE
    assert Check.objects.filter(problem="").count() == 2


def test_process_that_does_not_read_is_ended_in_time() -> None:
    limits = checker.Limits(0.5, 2048)
    with (
        pytest.raises(checker.CheckFailedError, match=r"longer than 0\.5 s"),
        checker.lend_process(limits) as deaf,
    ):
        os.kill(deaf._process.pid, signal.SIGSTOP)
        list(deaf.ask({"size": 1 << 24}, [bytes(1 << 24)], supply.supply, tick=1))


def test_supply_gives_what_the_rows_keep() -> None:
    kernel = save_kernel(create_toy_kernel(), None).kernel
    need = {"need": "kernel", "facts_hash": kernel.facts_hash}
    before, map_before = supply.supply(need), supply.identify_map()
    assert (before["types"], before["functions"], before["config"]) == (b"", b"", b"")
    save_kernel(create_toy_kernel(), None, functions=b"packed names")
    assert supply.supply(need) == {**before, "functions": b"packed names"}
    assert supply.identify_map() != map_before


def test_supply_names_what_any_kernel_has() -> None:
    names = json.loads(supply.supply({"need": "names"})["names"])
    assert names["kfuncs"]["toy_move"] == []
    assert "toy_ops" in names["struct_ops"]


def test_kernel_that_left_the_map_meanwhile_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job, real = create_job(), supply.supply

    def lose_a_kernel(need: dict[str, Any], objects: Container[str]) -> dict[str, bytes]:
        Kernel.objects.filter(name="6.12").delete()
        return real(need, objects)

    monkeypatch.setattr("verifier.jobs.run.supply", lose_a_kernel)
    assert run(job).state == Job.State.DONE
    assert Check.objects.count() == 1


def test_object_whose_bytes_are_not_here_fails_and_says_what_to_do() -> None:
    job = create_job()
    storages["objects"].delete(f"{job.object.sha256[:2]}/{job.object.sha256}")
    job = run(job)
    assert (job.state, job.object.problem) == (Job.State.FAILED, "")
    assert "does not find the bytes of this object" in job.problem
    assert Check.objects.count() == 0


def test_job_of_a_worker_that_stops_goes_back_to_the_queue() -> None:
    job = create_job()
    stop_jobs()
    try:
        run_job(job.pk)
    finally:
        stop_jobs(False)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.sent_at) == (Job.State.QUEUED, 0, None)


def test_second_worker_gets_nothing() -> None:
    job = create_job()
    assert Job.objects.claim(job.pk) is not None
    assert Job.objects.claim(job.pk) is None


def test_silent_job_is_taken_over_and_its_first_worker_told() -> None:
    mine = Job.objects.claim(create_job().pk)
    assert mine is not None
    Job.objects.update(heartbeat=timezone.now() - SILENT_AFTER - timedelta(seconds=1))
    other = Job.objects.claim(mine.pk)
    assert other is not None
    with pytest.raises(JobLostError):
        mine.beat("still here", 1, 2)
    mine.finish(Job.State.DONE)
    assert Job.objects.get().state == Job.State.RUNNING
    other.beat("mine now", 1, 2)


def test_job_that_kills_its_workers_fails_in_the_end() -> None:
    job = create_job()
    for _ in range(MAX_ATTEMPTS):
        assert Job.objects.claim(job.pk) is not None
        Job.objects.update(state=Job.State.QUEUED)
    assert Job.objects.claim(job.pk) is None
    assert Job.objects.get().state == Job.State.FAILED


def test_first_verdict_is_written_at_once_and_the_rest_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("verifier.jobs.run._TICK_SECONDS", 3600.0)
    for number in (1, 2, 3):
        save_kernel(replace(create_toy_kernel(), name=f"8.{number}"), None)
    job = create_job()
    Job.objects.update(attempts=3)  # starts that were cut off
    claimed = Job.objects.claim(job.pk)
    assert claimed is not None
    progress = Progress(claimed, store.pending_kernels(job.object))
    written = []
    for kernel in progress.waiting:
        verdict = plain(create_verdict(kernel.name, "toy_running"))
        progress.take({"facts_hash": kernel.facts_hash, "verdict": verdict})
        progress.write_in_time()
        written.append(Check.objects.count())
    assert set(written) == {1}
    assert Job.objects.get().attempts == 1, "those of before count no more"
    progress.write()
    assert Check.objects.count() == len(written) > 2
