"""What a proxy says of the client is believed of proxies that the settings name, of nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from kfmap.server.asgi_types import Receive, Scope, Send
from kfmap.server.proxies import behind_proxies

CLAIMS = [
    (b"x-forwarded-for", b"203.0.113.9, 198.51.100.1"),
    (b"x-forwarded-proto", b"https"),
    (b"accept", b"*/*"),
]


def see(peer: str, proxies: list[str]) -> Scope:
    """Return what the application sees of a request from a peer."""
    seen: Scope = {}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope)

    async def nothing() -> Mapping[str, Any]:
        return {}

    async def swallow(message: Mapping[str, Any]) -> None:
        pass

    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": list(CLAIMS)}
    asyncio.run(behind_proxies(application, proxies)(scope, nothing, swallow))
    return seen


@pytest.mark.parametrize("proxies", [[], ["10.0.0.0/8"]])
def test_claims_of_strangers_are_taken_away(proxies: list[str]) -> None:
    seen = see("127.0.0.1", proxies)
    assert (seen["client"], seen["scheme"]) == (("127.0.0.1", 1), "http")
    assert seen["headers"] == [(b"accept", b"*/*")]


def test_named_proxy_is_believed_up_to_the_first_stranger() -> None:
    seen = see("10.1.2.3", ["10.0.0.0/8"])
    assert (seen["client"][0], seen["scheme"]) == ("198.51.100.1", "https")
    assert seen["headers"] == [(b"accept", b"*/*")]
    assert see("10.1.2.3", ["10.0.0.0/8", "198.51.100.1"])["client"][0] == "203.0.113.9"
