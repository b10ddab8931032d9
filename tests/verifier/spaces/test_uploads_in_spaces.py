"""Uploads of a space: what is told of the bytes of others, and how uploads end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.verifier.jobs.test_files import HEADER
from tests.verifier.spaces.people import Team, create_team
from verifier.jobs import files
from verifier.jobs.retention import expire_uploads
from verifier.jobs.submit import submit
from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.spaces.models import AuditEntry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("data_folder")]


def upload(user: User | None, name: str = "a.bpf.o") -> SubmittedFile:
    """Upload the same bytes as everybody."""
    return submit([SimpleUploadedFile(name, HEADER)], user).files.get()


def test_bytes_go_with_the_last_upload_of_them(data_folder: Path) -> None:
    ada, bob = (User.objects.create_user(name) for name in ("ada", "bob"))
    first, second = upload(ada), upload(bob)
    assert first.object == second.object
    sha256 = BpfObject.objects.get().sha256
    first.submission.delete()
    assert files.is_stored(sha256)
    second.submission.delete()
    assert not BpfObject.objects.exists()
    assert not files.is_stored(sha256)


def test_that_others_have_the_same_bytes_is_not_told() -> None:
    ada, bob = (User.objects.create_user(name) for name in ("ada", "bob"))
    upload(ada)
    assert not upload(bob).known_before
    assert upload(bob).known_before


def test_owner_and_maintainer_delete_an_upload_and_others_do_not(client: Client) -> None:
    team = create_team()
    for name, status in (
        ("outsider", 404),
        ("reader", 403),
        ("reviewer", 403),
        ("submitter", 302),
    ):
        client.force_login(team.user(name))
        answer = client.post(f"/uploads/{team.submission.pk}/delete/")
        assert answer.status_code == status, name
    assert not Submission.objects.filter(space=team.space).exists()
    assert not BpfObject.objects.exists()
    entry = AuditEntry.objects.get(what="upload deleted")
    assert (entry.actor_name, entry.data) == ("submitter", {"files": ["team.bpf.o"]})


def test_uploads_stay_as_long_as_their_space_keeps_them() -> None:
    team: Team = create_team()
    assert expire_uploads() == 0
    Submission.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert expire_uploads() == 0
    team.space.retention_days = 30
    team.space.save()
    assert expire_uploads() == 1
    assert not BpfObject.objects.exists()


def test_upload_goes_only_into_a_space_where_one_may_submit(client: Client) -> None:
    team = create_team()
    file = {"space": "team"}
    for name, status in (("outsider", 422), ("reader", 422), ("submitter", 302)):
        client.force_login(team.user(name))
        objects = SimpleUploadedFile("b.bpf.o", HEADER + b"b")
        answer = client.post("/uploads/", {**file, "objects": objects})
        assert answer.status_code == status, name
    assert Submission.objects.filter(space=team.space).count() == 2


def test_api_takes_the_space_of_an_upload(client: Client) -> None:
    team = create_team()
    for name, status in (("reader", 400), ("submitter", 202)):
        client.force_login(team.user(name))
        objects = SimpleUploadedFile("b.bpf.o", HEADER + b"b")
        answer = client.post("/api/objects/", {"space": "team", "objects": objects})
        assert answer.status_code == status, answer.content
    assert Submission.objects.filter(space=team.space).count() == 2
