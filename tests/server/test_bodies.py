"""Bodies: who may send how much, how slowly, and all that strangers send at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from kfmap.server import bodies
from kfmap.server.asgi_types import Receive, Scope, Send
from kfmap.server.bodies import Bodies, BodyLimits

LIMITS = BodyLimits(stranger=100, signed_in=400, strangers_together=250)


class Application:
    """Reads the whole body, as Django does, remembers what it got and answers."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read until the body ends."""
        while not self.messages or self.messages[-1].get("more_body"):
            self.messages.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def refuse(scope: Scope) -> str:
    return "Sign in before you send files."


async def permit(scope: Scope) -> str:
    return ""


class Client:
    """Sends one request in chunks; a float among them is a pause in seconds."""

    def __init__(self, chunks: list[bytes | float], announced: int = 0, path: str = "/") -> None:
        self.chunks = list(chunks)
        self.sent: list[Mapping[str, Any]] = []
        headers = [(b"content-length", b"%d" % announced)] if announced else []
        self.scope = {"type": "http", "path": path, "headers": headers}

    async def receive(self) -> Mapping[str, Any]:
        chunk = self.chunks.pop(0)
        while isinstance(chunk, float):
            await asyncio.sleep(chunk)
            chunk = self.chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self.chunks)}

    async def send(self, message: Mapping[str, Any]) -> None:
        self.sent.append(message)

    @property
    def statuses(self) -> list[int]:
        return [message["status"] for message in self.sent if "status" in message]


def serve(client: Client, find_refusal: bodies.Judge = refuse) -> Application:
    """Have the request answered; give the application."""
    application = Application()
    asyncio.run(
        Bodies(application, LIMITS, find_refusal)(client.scope, client.receive, client.send)
    )
    return application


def test_body_within_the_limit_passes_whoever_sends_it() -> None:
    client = Client([bytes(60), bytes(40)], announced=100)
    application = serve(client)
    assert [len(message["body"]) for message in application.messages] == [60, 40]
    assert client.statuses == [200]


def test_body_that_says_its_length_in_two_ways_is_refused() -> None:
    client = Client([bytes(60)], announced=60)
    client.scope["headers"].append((b"transfer-encoding", b"chunked"))  # type: ignore[attr-defined]  # a list
    assert serve(client).messages == []
    assert client.statuses == [400]
    assert (b"connection", b"close") in client.sent[0]["headers"]


def test_large_body_of_a_stranger_is_refused_before_it_is_read() -> None:
    client = Client([bytes(200)], announced=200)
    assert serve(client).messages == []
    assert client.statuses == [403]
    assert client.sent[1]["body"] == b"Sign in before you send files.\n"
    assert (b"connection", b"close") in client.sent[0]["headers"]


def test_api_is_answered_in_json() -> None:
    client = Client([bytes(200)], announced=200, path="/api/objects/")
    serve(client)
    assert client.sent[1]["body"] == b'{"detail": "Sign in before you send files."}'


def test_large_body_of_an_account_passes() -> None:
    client = Client([bytes(200)], announced=200)
    assert len(serve(client, permit).messages) == 1


@pytest.mark.parametrize("announced", [500, 0])
def test_nobody_sends_more_than_the_limit(announced: int) -> None:
    client = Client([bytes(250), bytes(250), bytes(250)], announced)
    application = serve(client, permit)
    assert client.statuses == [413]
    assert sum(len(message["body"]) for message in application.messages) <= LIMITS.signed_in


def test_body_of_a_stranger_that_grows_unannounced_is_cut_off() -> None:
    client = Client([bytes(60), bytes(60), bytes(60)])
    application = serve(client)
    assert client.statuses == [403]
    assert len(application.messages) == 1


def test_sender_who_cannot_be_looked_up_is_told_to_come_again() -> None:
    async def fail(scope: Scope) -> str:
        raise OSError("no database")

    client = Client([bytes(200)], announced=200)
    serve(client, fail)
    assert client.statuses == [503]
    assert (b"retry-after", b"60") in client.sent[0]["headers"]


def test_strangers_together_have_a_bound_that_ends_with_their_requests() -> None:
    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        await Application()(scope, receive, send)

    gate = Bodies(read, LIMITS, refuse)

    async def ask(count: int) -> list[list[int]]:
        clients = [Client([bytes(90), 0.05, bytes(1)]) for _ in range(count)]
        answers = (gate(client.scope, client.receive, client.send) for client in clients)
        await asyncio.gather(*answers)
        return sorted(client.statuses for client in clients)

    assert asyncio.run(ask(3)) == [[200], [200], [503]]
    assert asyncio.run(ask(2)) == [[200], [200]]


def test_rest_of_a_refused_body_is_read_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that still sends then gets the answer, not a connection that was reset."""
    client = Client([bytes(150), bytes(50)], announced=200)
    assert serve(client).messages == []
    assert (client.chunks, client.sent[-1].get("more_body")) == ([], None)
    monkeypatch.setattr(bodies, "_PARTING_BYTES", 100)
    client = Client([bytes(150), bytes(50)], announced=200)
    serve(client)
    assert len(client.chunks) == 1


def test_slow_body_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_IDLE_SECONDS", 0.05)
    client = Client([bytes(10), 1.0, bytes(10)])
    serve(client)
    assert client.statuses == [408]


def test_body_that_trickles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_FIRST_SECONDS", 0.1)
    client = Client([part for _ in range(50) for part in (b"x", 0.02)] + [b""])
    serve(client)
    assert client.statuses == [408]


def test_client_that_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_SEND_SECONDS", 0.05)

    async def hang(message: Mapping[str, Any]) -> None:
        await asyncio.sleep(5)

    client = Client([b""])
    with pytest.raises(TimeoutError):
        asyncio.run(Bodies(Application(), LIMITS, refuse)(client.scope, client.receive, hang))


def test_web_socket_is_refused_and_not_taken_for_a_fault() -> None:
    client = Client([])
    client.scope["type"] = "websocket"
    assert serve(client).messages == []
    assert client.sent == [{"type": "websocket.close", "code": 1000}]
