"""What waits is asked, one guest at a time; whatever a guest does, its row says so."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from kfmap.catalogue.store import save_kernel
from kfmap.probe import guest
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.opinions.pretended import LOG, console, pretend, printing, program
from verifier.engine.result import ObjectVerdict, ProgramVerdict
from verifier.guests.models import MAX_ATTEMPTS, Opinion
from verifier.guests.run import run_waiting
from verifier.guests.store import load_opinions
from verifier.guests.submit import CannotAskError, ask
from verifier.jobs import patience
from verifier.jobs.stopping import stop_jobs
from verifier.opinions.agreement import Agreement
from verifier.records import store
from verifier.records.models import BpfObject


def _said(obj: BpfObject) -> str:
    names = [item.name for item in obj.programs.all()]
    answers = [program(name) for name in names[1:]]
    refused = program(names[0], "refused", log=LOG)
    return console({"object": 0, "programs": len(names)}, refused, *answers)


def _row(obj: BpfObject) -> Opinion:
    return Opinion.objects.get(object=obj)


def test_a_kernel_is_asked_and_its_answer_is_kept(
    scheduler: BpfObject, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, printing(_said(scheduler)))
    ask(scheduler, [image], None)
    assert run_waiting() == 1
    row = _row(scheduler)
    assert (row.state, row.problem) == (Opinion.State.DONE, "")
    assert row.read().programs[0].reason == "R1 must be referenced or trusted"


def test_both_verdicts_stand_side_by_side(
    scheduler: BpfObject, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = save_kernel(replace(create_toy_kernel(), name=image), None).kernel
    names = [item.name for item in scheduler.programs.all()]
    passing = tuple(ProgramVerdict(name, "passes", (), (), ()) for name in names)
    store.save_verdict(scheduler, kernel.facts_hash, ObjectVerdict(image, passing))
    pretend(tmp_path, monkeypatch, printing(_said(scheduler)))
    ask(scheduler, [image], None)
    run_waiting()
    (found,) = load_opinions(scheduler)
    first, *others = [item.agreement for item in found.programs]
    assert first == Agreement.NOT_JUDGED
    assert set(others) == {Agreement.AGREES}


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo 'Kernel panic - not syncing: VFS'\n", "Kernel panic"),
        ("kill -9 $$\n", "QEMU was ended from outside by SIGKILL, the machine may be short of mem"),
        ("exec sleep 60\n", "did not end in time"),
        ("exec yes\n", "printed without end"),
    ],
)
def test_a_guest_that_fails_is_said_and_the_worker_lives(
    scheduler: BpfObject,
    image: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    script: str,
    problem: str,
) -> None:
    settings.KFMAP_GUEST_SECONDS = 1
    monkeypatch.setattr(guest, "_MOST_OUTPUT", 1 << 20)
    pretend(tmp_path, monkeypatch, script)
    ask(scheduler, [image], None)
    assert run_waiting() == 1
    row = _row(scheduler)
    assert row.state == Opinion.State.FAILED
    assert problem in row.problem
    ask(scheduler, [image], None)  # and it can be asked again
    assert Opinion.objects.open().count() == 1


def test_a_cancelled_guest_is_stopped(
    scheduler: BpfObject, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, "exec sleep 60\n")
    ask(scheduler, [image], None)
    beat = Opinion.beat

    def cancel_then_beat(self: Opinion, step: str, done: int, total: int) -> None:
        Opinion.objects.cancel()
        beat(self, step, done, total)

    monkeypatch.setattr(Opinion, "beat", cancel_then_beat)
    run_waiting()
    assert _row(scheduler).state == Opinion.State.CANCELLED


def test_a_worker_that_stops_puts_its_guest_back(
    scheduler: BpfObject, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, "exec sleep 60\n")
    ask(scheduler, [image], None)
    beat = Opinion.beat

    def stop_after(self: Opinion, step: str, done: int, total: int) -> None:
        beat(self, step, done, total)
        stop_jobs()

    monkeypatch.setattr(Opinion, "beat", stop_after)
    try:
        run_waiting()
    finally:
        stop_jobs(False)
    row = _row(scheduler)
    assert (row.state, row.attempts) == (Opinion.State.QUEUED, 0)


def test_a_database_that_is_locked_for_a_while_costs_no_answer(
    scheduler: BpfObject, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beats that cannot be noted are left out, and the end waits until it can be."""
    pretend(tmp_path, monkeypatch, printing(_said(scheduler)))
    ask(scheduler, [image], None)
    finish, tries = Opinion.finish, []

    def lock(*_: object) -> None:
        raise OperationalError("database is locked")

    def finish_later(self: Opinion, data: dict[str, object]) -> None:
        tries.append(1)
        lock() if len(tries) == 1 else finish(self, data)

    monkeypatch.setattr(Opinion, "beat", lock)
    monkeypatch.setattr(Opinion, "finish", finish_later)
    monkeypatch.setattr(patience, "_EVERY_SECONDS", 0.01)
    run_waiting()
    assert (len(tries), _row(scheduler).state) == (2, Opinion.State.DONE)


def test_a_second_worker_leaves_the_guest_to_the_first(
    scheduler: BpfObject, image: str, data_folder: Path
) -> None:
    ask(scheduler, [image], None)
    with (data_folder / "guests" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert run_waiting() == 0
    assert _row(scheduler).state == Opinion.State.QUEUED


def test_what_a_worker_died_of_is_tried_again_and_given_up(
    scheduler: BpfObject, image: str
) -> None:
    ask(scheduler, [image], None)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claimed = Opinion.objects.claim_next("dead:1")
        assert claimed is not None and claimed.attempts == attempt
        Opinion.objects.update(heartbeat=timezone.now() - timedelta(hours=1))
        Opinion.objects.all().requeue_lost()
    row = _row(scheduler)
    assert row.state == Opinion.State.FAILED
    assert "started 3 times" in row.problem


def test_a_kernel_is_not_asked_twice_at_once(scheduler: BpfObject, image: str) -> None:
    user = User.objects.create_user("ada")
    first, second = ask(scheduler, [image], user) + ask(scheduler, [image], user)
    assert first.pk == second.pk


@pytest.mark.parametrize(
    ("kernels", "message"), [(["9.9"], "no image of 9.9"), ([], "Choose a kernel")]
)
def test_what_cannot_be_asked_is_said(
    scheduler: BpfObject, image: str, kernels: list[str], message: str
) -> None:
    with pytest.raises(CannotAskError, match=message):
        ask(scheduler, kernels, None)


def test_an_image_that_has_changed_fails_the_question(
    scheduler: BpfObject, image: str, data_folder: Path
) -> None:
    (data_folder / "guests" / image / "vmlinuz").write_bytes(b"other")
    ask(scheduler, [image], None)
    run_waiting()
    assert "has changed since it was fetched" in _row(scheduler).problem
