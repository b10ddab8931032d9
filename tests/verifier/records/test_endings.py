"""Spaces and uploads that are deleted: hidden at once, removed in steps, resumed after a kill."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models.functions import Now
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks as Captured

from tests.verifier.conftest import create_object
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.records import endings
from verifier.records.endings import delete_space, delete_upload, go_on_ending
from verifier.records.models import BpfObject, Submission, SubmittedFile
from verifier.records.models.removal import Removal
from verifier.spaces.models import AuditEntry, Ending, Space

pytestmark = pytest.mark.django_db
COUNT = 7


@pytest.fixture
def team(data_folder: Path) -> Team:
    """Make a private space with an upload of several objects, and keep their bytes."""
    team = create_team()
    for at in range(COUNT - 1):
        obj = create_object(f"{at}.o", sha256=f"{at:064x}", shared=False)
        team.submission.files.create(name=obj.file_name, object=obj)
    for obj in BpfObject.objects.all():
        storages["objects"].save(name_of(obj), ContentFile(b"\x7fELF"))
    return team


@pytest.fixture
def in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a step remove two files."""
    monkeypatch.setattr(endings, "AT_ONCE", 2)
    monkeypatch.setattr(endings, "_BATCH", 2)


def name_of(obj: BpfObject) -> str:
    return f"{obj.sha256[:2]}/{obj.sha256}"


def finish(run: Captured, *, steps: int = 20) -> None:
    """Take steps until all is gone, each of them as short as can be."""
    for _ in range(steps):
        with run(execute=True):
            go_on_ending(0)
    assert not Ending.objects.exists()


def test_small_space_is_gone_at_once_with_its_bytes(
    team: Team, django_capture_on_commit_callbacks: Captured
) -> None:
    name = name_of(team.object)
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_space(team.space, team.user("maintainer"))
    assert not Space.objects.filter(slug="team").exists()
    assert not BpfObject.objects.exists()
    assert not storages["objects"].exists(name)
    assert AuditEntry.objects.get(what="space deleted").subject == "team"


@pytest.mark.usefixtures("in_steps")
def test_large_space_is_hidden_at_once_and_goes_in_steps(
    team: Team, django_capture_on_commit_callbacks: Captured
) -> None:
    run, client = django_capture_on_commit_callbacks, as_(team, "maintainer")
    names = [name_of(obj) for obj in BpfObject.objects.all()]
    elsewhere = Submission.objects.create(user=team.user("outsider"))
    elsewhere.files.create(name="mine.o", object=team.object)
    page = client.post("/spaces/team/delete/", {"confirm": "team"}, follow=True).content.decode()
    assert "nobody sees it any more" in page and "team: 0 of 7 files are gone" in page
    for path in ("/spaces/team/", "/uploads/1/", f"/objects/{0:064x}/"):
        assert client.get(path).status_code == 404
    for name in ("maintainer", "submitter", "reader", "outsider"):
        reader = team.user(name)
        assert set(BpfObject.objects.visible_to(reader)) <= {team.object}
        assert not Space.objects.visible_to(reader).filter(name="Team").exists()
    assert "Being removed" not in as_(team, "reader").get("/spaces/").content.decode()
    Space.objects.create(slug="team", name="Another of its address")

    with run(execute=True):
        go_on_ending(0)
    assert "team: 2 of 7 files are gone" in client.get("/spaces/").content.decode()
    assert "7" in as_(team, "administrator").get("/admin/spaces/ending/").content.decode()
    finish(run)
    assert not Space.objects.filter(name="Team").exists()
    assert list(BpfObject.objects.all()) == [team.object], "somebody else has it"
    assert [storages["objects"].exists(name) for name in names].count(True) == 1
    assert list(SubmittedFile.objects.all()) == list(elsewhere.files.all())


@pytest.mark.usefixtures("in_steps")
def test_a_space_that_goes_is_among_no_spaces_of_an_administrator(
    team: Team, admin_client: Client
) -> None:
    delete_space(team.space, team.user("maintainer"))
    slug = Ending.objects.get().space.slug
    page = admin_client.get("/spaces/").content.decode()
    assert slug not in page and "team: 0 of 7 files are gone" in page
    for path in ("/uploads/", "/accounts/tokens/", "/api/spaces/"):
        assert slug not in admin_client.get(path).content.decode()
        assert f">{team.space.name}<" not in admin_client.get(path).content.decode()
    for path in (f"/spaces/{slug}/", f"/api/spaces/{slug}/"):
        assert admin_client.get(path).status_code == 404
    form = {"space": slug, "objects": ContentFile(b"\x7fELF", "a.o")}
    assert admin_client.post("/uploads/", form).status_code == 422
    assert admin_client.post(f"/spaces/{slug}/delete/", {"confirm": slug}).status_code == 404


@pytest.mark.usefixtures("in_steps")
def test_step_that_was_killed_is_done_again(
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Captured,
) -> None:
    delete_space(team.space, team.user("maintainer"))
    real = endings._remove_files

    def die(*args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(endings, "_remove_files", die)
    with pytest.raises(KeyboardInterrupt):
        go_on_ending()
    monkeypatch.setattr(endings, "_remove_files", real)
    go_on_ending()
    assert BpfObject.objects.count() == COUNT, "whoever took it may be at it"
    Ending.objects.update(taken_at=Now() - timedelta(minutes=1))
    finish(django_capture_on_commit_callbacks)
    assert not BpfObject.objects.exists()


@pytest.mark.usefixtures("in_steps")
def test_large_upload_is_hidden_at_once_and_goes_in_steps(
    team: Team, django_capture_on_commit_callbacks: Captured
) -> None:
    client = as_(team, "submitter")
    other = Submission.objects.create(user=team.user("submitter"), space=team.space)
    kept = create_object("kept.o", sha256="cd" * 32, shared=False)
    other.files.create(name="kept.o", object=kept)
    assert client.delete(f"/api/submissions/{team.submission.pk}/").status_code == 204
    assert client.get(f"/api/submissions/{team.submission.pk}/").status_code == 404
    assert [row["name"] for row in client.get("/api/objects/").json()["results"]] == ["kept.o"]
    assert f"{team.submission}: 0 of 7 files" in client.get("/spaces/").content.decode()
    finish(django_capture_on_commit_callbacks)
    assert list(BpfObject.objects.all()) == [kept]
    assert Space.objects.filter(slug="team").exists()
    assert AuditEntry.objects.get(what="upload deleted").actor_name == "submitter"


def test_removing_many_counts_as_one(team: Team) -> None:
    Removal.objects.note()
    before = Removal.objects.get().count
    assert delete_upload(team.submission, None)
    assert not BpfObject.objects.exists()
    assert Removal.objects.get().count == before + 1


@pytest.mark.usefixtures("in_steps")
def test_personal_space_ends_with_its_owner(
    team: Team, django_capture_on_commit_callbacks: Captured
) -> None:
    owner = team.user("submitter")
    own = Submission.objects.create(user=owner)
    for obj in BpfObject.objects.all():
        own.files.create(name=obj.file_name, object=obj)
    team.submission.files.exclude(object=team.object).delete()
    as_(team, "administrator").post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"})
    assert type(owner)._default_manager.filter(pk=owner.pk).first() is None
    assert Ending.objects.get().address == "submitter"
    finish(django_capture_on_commit_callbacks)
    assert list(BpfObject.objects.all()) == [team.object]
    assert list(Space.objects.values_list("slug", flat=True)) == ["team"]
