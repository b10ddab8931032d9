"""Uploads that are sent twice are taken in once; what became of them can be asked and streamed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client
from django.utils import timezone
from pytest_django import Settings

from kfmap.api.models import UploadKey
from tests.verifier.shared import share
from tests.verifier.spaces.people import create_team
from verifier.records.models import BpfObject, Job, Submission
from verifier.spaces.models import AuditEntry
from verifier.spaces.roles import Role

pytestmark = pytest.mark.django_db

HEADER = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00\xf7\x00"


@pytest.fixture
def ada(client: Client, settings: Settings, tmp_path: Path) -> Client:
    settings.KFMAP_DATA_DIR = tmp_path
    client.force_login(User.objects.create_user("ada"))
    return client


def send(client: Client, key: str, data: bytes = HEADER, **more: str) -> Any:
    file = SimpleUploadedFile("a.bpf.o", data)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/objects/", {"objects": file, **more}, headers=headers)


def test_same_key_is_taken_in_once(ada: Client) -> None:
    first, second = send(ada, "one"), send(ada, "one")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first["Location"] == second["Location"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Submission.objects.count() == 1
    send(ada, "two")
    send(ada, "")
    assert Submission.objects.count() == 3


@pytest.mark.parametrize("change", [{"data": HEADER + b"x"}, {"cleared": "sub_attach"}])
def test_key_with_something_else_is_refused(ada: Client, change: dict[str, Any]) -> None:
    send(ada, "one")
    assert send(ada, "one", **change).status_code == 422
    assert Submission.objects.count() == 1


def test_key_of_another_person_is_another_key(ada: Client) -> None:
    send(ada, "one")
    eve = Client()
    eve.force_login(User.objects.create_user("eve"))
    assert "Idempotency-Replayed" not in send(eve, "one")


def test_key_whose_upload_is_not_finished_is_a_conflict(ada: Client) -> None:
    send(ada, "one")
    UploadKey.objects.update(submission=None)
    assert send(ada, "one").status_code == 409


def test_key_whose_server_was_killed_is_taken_over_once(ada: Client) -> None:
    send(ada, "one")
    long_ago = timezone.now() - timedelta(minutes=11)
    UploadKey.objects.update(submission=None, created_at=long_ago)
    assert send(ada, "one", HEADER + b"x").status_code == 422
    answer = send(ada, "one")
    assert (answer.status_code, "Idempotency-Replayed" in answer) == (202, False)
    assert send(ada, "one")["Location"] == answer["Location"]
    UploadKey.objects.update(submission=None)
    assert send(ada, "one").status_code == 409


def test_upload_that_failed_may_be_sent_again(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError("disk")

    ada.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("kfmap.api.objects.submit", fail)
        assert send(ada, "one").status_code >= 500
    assert send(ada, "one").status_code == 202


def test_upload_says_when_all_is_checked(ada: Client) -> None:
    address = send(ada, "")["Location"]
    body = ada.get(address).json()
    assert [item["file"] for item in body["files"]] == ["a.bpf.o"]
    assert body["over"] is False
    Job.objects.update(state=Job.State.DONE)
    assert ada.get(address).json()["over"] is True
    assert ada.get(f"{address}report/?format=sarif").status_code == 200


def test_files_of_an_upload_come_in_pages(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = Submission.objects.create(user=User.objects.get(username="ada"))
    for at in range(5):
        upload.files.create(name=f"{at}.bpf.o", problem="no ELF file")
    body = ada.get(f"/api/submissions/{upload.pk}/?page_size=3").json()
    assert ([item["file"][0] for item in body["files"]], body["count"]) == (["0", "1", "2"], 5)
    body = ada.get(body["next"]).json()
    assert ([item["file"][0] for item in body["files"]], body["next"]) == (["3", "4"], None)
    assert ada.get(f"/api/submissions/{upload.pk}/?page=2").status_code == 404
    monkeypatch.setattr("verifier.web.views._FILES", 3)
    page = ada.get(f"/uploads/{upload.pk}/?page=2").content.decode()
    assert "4.bpf.o" in page and "2.bpf.o" not in page and "page 2 of 2" in page
    monkeypatch.setattr("verifier.records.reporting.MOST_OBJECTS", 3)
    report = ada.get(f"/api/submissions/{upload.pk}/report/?format=html").content.decode()
    assert "the first 3 of 5 files" in report and "3.bpf.o" not in report


@pytest.mark.django_db(transaction=True)
def test_progress_is_streamed_until_it_is_over(settings: Settings, tmp_path: Path) -> None:
    ada = User.objects.create_user("ada")
    obj = share(BpfObject.objects.create(sha256="1" * 64, file_name="a.bpf.o", size=1))
    Job.objects.create(object=obj, state=Job.State.DONE)

    async def read() -> list[str]:
        client = AsyncClient()
        await client.aforce_login(ada)
        answer = await client.get(f"/api/objects/{obj.sha256}/events/")
        assert answer["Content-Type"] == "text/event-stream"
        stream: Any = answer
        return [chunk.decode() async for chunk in stream]

    events = asyncio.run(read())
    assert events[0].startswith('event: job\ndata: {"state": "done"')
    assert events[-1] == "event: over\ndata: {}\n\n"


def test_upload_whose_process_died_is_taken_in_anew(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.jobs.submit._PATIENCE_SECONDS", 0.0)
    send(ada, "")
    Submission.objects.get().files.all().delete()
    Submission.objects.update(is_whole=False)
    answer = send(ada, "")
    assert "Idempotency-Replayed" not in answer
    assert [file["file"] for file in answer.json()] == ["a.bpf.o"]
    assert send(ada, "")["Location"] == answer["Location"]


@pytest.mark.django_db(transaction=True)
def test_stream_ends_for_whoever_may_see_the_object_no_more() -> None:
    team = create_team()
    Job.objects.create(object=team.object, state=Job.State.RUNNING, step="reading")

    async def read() -> list[str]:
        client = AsyncClient()
        await client.aforce_login(team.user("reader"))
        answer = await client.get(f"/api/objects/{team.object.sha256}/events/")
        parts: list[str] = []
        stream: Any = answer
        async for chunk in stream:
            parts.append(chunk.decode())
            await team.space.memberships.filter(role=Role.READER).adelete()
            await Job.objects.aupdate(step="a step that they are not told")
        return parts

    first, *rest = asyncio.run(read())
    assert "reading" in first
    assert rest[-1].startswith("event: over")
    assert "not told" not in "".join(rest)


def test_upload_that_is_sent_twice_without_a_key_is_taken_in_once(ada: Client) -> None:
    first, second = send(ada, ""), send(ada, "")
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first["Location"], first.json()[0]["sha256"]) == (
        second["Location"],
        second.json()[0]["sha256"],
    )
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Submission.objects.count() == 1
    send(ada, "", data=HEADER + b"x")
    send(ada, "", cleared="sub_attach")
    send(ada, "", commit="abc123")
    assert Submission.objects.count() == 4, "other bytes or other words are another upload"


def test_upload_is_the_same_while_it_is_checked_and_not_long_after(ada: Client) -> None:
    send(ada, "")
    Submission.objects.update(created_at=timezone.now() - timedelta(hours=1))
    send(ada, "")
    assert Submission.objects.count() == 1, "its check goes on"
    Job.objects.update(state=Job.State.DONE)
    send(ada, "")
    assert Submission.objects.count() == 2, "it is over for long"


def test_form_that_is_pressed_twice_uploads_once(ada: Client) -> None:
    pages = [
        ada.post("/uploads/", {"objects": SimpleUploadedFile("a.bpf.o", HEADER)}, follow=True)
        for _ in range(2)
    ]
    assert pages[0].redirect_chain == pages[1].redirect_chain
    assert "uploaded the same a moment ago" in pages[1].content.decode()
    assert Submission.objects.count() == AuditEntry.objects.filter(what="upload").count() == 1


def test_upload_of_the_same_that_failed_is_taken_in_anew(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError("disk")

    ada.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("verifier.jobs.submit.send", fail)
        assert send(ada, "").status_code >= 500
    assert "Idempotency-Replayed" not in send(ada, "")
