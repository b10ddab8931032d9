"""People are told once when the checks of an upload are over, and of findings that are new."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core import mail
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.spaces.people import Team, create_team
from verifier.jobs import verdicts_ready
from verifier.jobs.verdicts_ready import tell_verdicts
from verifier.records import store
from verifier.records.models import BpfObject, Submission
from verifier.spaces.models import Event, Kind, Notice

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    """Make a space whose object passes on the one kernel there is."""
    team = create_team()
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    store.save_verdict(team.object, kernel.facts_hash, create_verdict("7.2", "toy_running"))
    Submission.objects.update(is_awaited=True)
    return team


def upload_refused_version(team: Team) -> BpfObject:
    """Upload other bytes under the same name, which the kernel refuses."""
    newer = BpfObject.objects.create(sha256="cd" * 32, file_name="other.o", size=1)
    store.save_summary(newer, create_summary("toy_running"))
    facts_hash = team.object.checks.get().facts_hash
    verdict = create_verdict("7.2", "toy_running", create_finding())
    store.save_verdict(newer, facts_hash, verdict)
    later = Submission.objects.create(
        user=team.user("submitter"), space=team.space, is_awaited=True
    )
    later.files.create(name="team.bpf.o", object=newer)
    return newer


def test_uploader_is_told_once_in_the_words_that_webhooks_get(team: Team) -> None:
    for _ in range(2):
        tell_verdicts()
    event = Event.objects.get()
    assert (event.kind, event.text) == (Kind.VERDICTS_READY, "team.bpf.o: passes on 7.2.")
    notice = Notice.objects.get()
    assert (notice.user, notice.text) == (team.user("submitter"), event.text)
    assert event.data["objects"][0]["verdicts"] == {"7.2": "passes"}


def test_mail_says_the_same(
    team: Team,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.KFMAP_SENDS_MAIL = True
    settings.CSRF_TRUSTED_ORIGINS = ["https://kfmap.example.org"]
    user = team.user("submitter")
    user.email = "s@example.org"
    user.save()
    with django_capture_on_commit_callbacks(execute=True):
        tell_verdicts()
    (letter,) = mail.outbox
    assert letter.subject == "kfmap: team.bpf.o: passes on 7.2."
    assert f"https://kfmap.example.org{team.object.get_absolute_url()}" in str(letter.body)


def test_nobody_is_told_before_the_checks_are_over(team: Team) -> None:
    job = team.object.jobs.create()
    tell_verdicts()
    assert not Event.objects.exists()
    job.delete()
    tell_verdicts()
    assert Event.objects.exists()


def test_findings_that_the_version_before_had_not_are_told(team: Team) -> None:
    tell_verdicts()
    newer = upload_refused_version(team)
    tell_verdicts()
    event = Event.objects.get(kind=Kind.NEW_FINDINGS)
    assert "team.bpf.o has a finding that the version before had not: toy_move" in event.text
    assert event.data["object"] == newer.sha256
    assert event.url.endswith(f"/since/{team.object.address}/")


def test_what_cannot_be_told_holds_nobody_up(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    real = verdicts_ready._tell
    first = Submission.objects.get()
    upload_refused_version(team)

    def tell(submission: Submission) -> None:
        if submission == first:
            raise KeyError
        real(submission)

    monkeypatch.setattr(verdicts_ready, "_tell", tell)
    tell_verdicts()
    assert not Submission.objects.filter(is_awaited=True).exists()
    assert Event.objects.filter(kind=Kind.VERDICTS_READY).count() == 1
    assert not connection.needs_rollback
