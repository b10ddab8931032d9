"""Requests are counted by all web processes together, and by each alone while Redis is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.core.cache import caches
from django.test import override_settings

from kfmap.quotas import rates, spans
from tests.server.redis import BINARY, Redis


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """Have requests counted in a Redis of the test's own."""
    running = Redis(tmp_path)
    shared = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": running.address,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
    own = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    monkeypatch.setattr(rates, "_away_until", 0.0)
    with override_settings(CACHES={"default": own, "own": own, "rates": shared}):
        yield running
    running.stop()


def test_spans_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_019.5
    monkeypatch.setattr(spans, "now", lambda: now)
    whose = f"somebody-{time.monotonic_ns()}"
    assert [rates.count_request(whose, 60).requests for _ in range(3)] == [1, 2, 3]
    assert rates.count_request(whose, 60).seconds_left == 1
    now += 1
    assert rates.count_request(whose, 60) == rates.Counted(1, 60)
    assert rates.count_request("another", 60).requests == 1


@pytest.mark.skipif(BINARY is None, reason="needs redis-server")
def test_processes_count_together(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time() // 3600 * 3600 + 5
    monkeypatch.setattr(spans, "now", lambda: now)
    assert rates.count_request("ada", 3600).requests == 1
    (key,) = redis.Redis.from_url(server.address).keys("*ada*")
    redis.Redis.from_url(server.address).incr(key, 5)  # as five requests in another process do
    assert rates.count_request("ada", 3600).requests == 7
    assert 0 < int(redis.Redis.from_url(server.address).ttl(key)) <= 3602


@pytest.mark.skipif(BINARY is None, reason="needs redis-server")
def test_requests_go_on_while_redis_is_away(server: Redis) -> None:
    rates.count_request("ada", 3600)
    server.stop()
    began = time.monotonic()
    first = rates.count_request("ada", 3600).requests
    assert rates.count_request("ada", 3600).requests == first + 1
    assert time.monotonic() - began < 2
    caches["own"].clear()
