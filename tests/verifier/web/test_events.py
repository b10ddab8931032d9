"""Progress as a stream: each change once, an end by itself, nothing for strangers."""

from __future__ import annotations

import asyncio

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import AsyncClient

from tests.verifier.conftest import create_object
from verifier.records.models import BpfObject, Job
from verifier.web import events

pytestmark = pytest.mark.django_db(transaction=True)


def stream(obj: BpfObject, user: User | None) -> tuple[HttpResponseBase, list[str]]:
    """Read a stream to its end."""

    async def read() -> tuple[HttpResponseBase, list[str]]:
        client = AsyncClient(headers={"accept-encoding": "gzip"})
        if user is not None:
            await client.aforce_login(user)
        response: HttpResponseBase = await client.get(f"/objects/{obj.sha256}/events/")
        if not isinstance(response, StreamingHttpResponse):
            return response, []
        return response, [part.decode() async for part in response]

    return asyncio.run(read())


def test_stream_is_closed_to_strangers() -> None:
    response, _ = stream(create_object(), None)
    assert response.status_code == 403


def test_stream_of_a_job_that_is_over_says_so() -> None:
    obj = create_object()
    Job.objects.create(object=obj, state=Job.State.DONE)
    response, parts = stream(obj, User.objects.create_user("ada"))
    assert response["Content-Type"] == "text/event-stream"
    event, last = parts
    assert last == "event: over\ndata: \n\n"
    assert event.startswith("event: progress\ndata: ")
    assert event.endswith("\n\n")
    assert "Checked" in event


def test_stream_of_an_open_job_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LIFETIME_SECONDS", 1.0)
    obj = create_object()
    Job.objects.create(object=obj, state=Job.State.RUNNING, step="checking", done=1, total=4)
    _, parts = stream(obj, User.objects.create_user("ada"))
    assert len(parts) == 1
    assert 'value="25"' in parts[0]


def test_object_name_cannot_forge_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LIFETIME_SECONDS", 0.5)
    obj = create_object(name="x\n\nevent: forged\ndata: y")
    Job.objects.create(object=obj, state=Job.State.RUNNING)
    _, (event,) = stream(obj, User.objects.create_user("ada"))
    lines = event.strip().splitlines()
    assert [line for line in lines if line.startswith("event:")] == ["event: progress"]
    assert all(line.startswith("data:") for line in lines[1:])
