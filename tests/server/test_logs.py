"""Log lines: JSON that says what it is about, 500s with their trace, and no secrets."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.config
import urllib.request
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import RequestFactory

from kfmap.log_lines import JsonLines, TextLines, bound
from kfmap.server.failures import answer_failure
from kfmap.server.logs import build_logging
from kfmap.server.request_ids import with_request_id
from tests.server.process import up

HOSTILE = "name\u202egpj.exe\x1b[2J\nerror: a second line"


def write(formatter: logging.Formatter, message: str, **extra: Any) -> str:
    """Return what a logger with this formatter writes of a message, within a job."""
    stream, log = StringIO(), logging.getLogger("tests.lines")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    log.addHandler(handler)
    try:
        with bound(job=7):
            log.error(message, **extra)
    finally:
        log.removeHandler(handler)
    return stream.getvalue()


def test_json_line_says_what_it_is_about() -> None:
    line = json.loads(write(JsonLines(), "went wrong", extra={"fields": {"status": 500}}))
    assert (
        line.items() >= {"level": "error", "message": "went wrong", "job": 7, "status": 500}.items()
    )
    assert line["time"].endswith("+00:00")


def test_trace_stays_in_the_line() -> None:
    try:
        raise ValueError("deep")
    except ValueError as error:
        text = write(JsonLines(), "broke", exc_info=error)
    assert text.count("\n") == 1
    assert "ValueError: deep" in json.loads(text)["trace"]


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()], ids=["json", "text"])
def test_hostile_name_stays_one_harmless_line(formatter: logging.Formatter) -> None:
    text = write(formatter, HOSTILE)
    assert text.count("\n") == 1
    assert text.strip().isprintable()
    assert "\u202e" not in text


def test_what_was_bound_ends_with_its_block() -> None:
    with bound(request="a"):
        pass
    assert "request" not in json.loads(write(JsonLines(), "later"))


def test_failure_is_mailed_to_administrators_where_there_are_some() -> None:
    config = build_logging("json", "warning", mails=True)
    assert config["root"]["handlers"] == ["lines", "mails"]
    making = logging.config.DictConfigurator(config)
    for part, make in (
        ("formatters", making.configure_formatter),
        ("filters", making.configure_filter),
    ):
        making.config[part] = {name: make(what) for name, what in config[part].items()}
    handler = making.configure_handler(config["handlers"]["mails"])
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, "broke", None, None)
    settings.ADMINS, before = [("ada", "ada@example.org")], settings.ADMINS
    try:
        handler.emit(record)
    finally:
        settings.ADMINS = before
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    assert build_logging("json", "warning", mails=False)["root"]["handlers"] == ["lines"]


def test_a_host_that_is_not_ours_and_a_page_at_level_debug_leave_no_word(tmp_path: Path) -> None:
    secret = "s3cr3t-of-a-link"
    with up(tmp_path, KFMAP_LOG="json", KFMAP_LOG_LEVEL="debug") as server:
        server.wait_for_link()
        before = server.said
        asked = urllib.request.Request(server.address, headers={"Host": f"{secret}.example"})
        assert server.open(asked)[0] == 400
        assert server.get(f"/accounts/setup/{secret}/")[0] == 410
        assert server.post(f"/accounts/setup/{secret}/", {"password1": secret})[0] == 403
        said = server.said.removeprefix(before)
    assert secret not in said
    assert all(line.startswith("{") for line in said.splitlines())


def test_answer_log_and_page_of_a_failure_name_one_request() -> None:
    sent: list[Mapping[str, Any]] = []
    bodies: list[bytes] = []

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        bodies.append(answer_failure(RequestFactory().get("/api/kernels/")).content)
        await send({"type": "http.response.start", "status": 500, "headers": []})

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(with_request_id(fail)({"type": "http"}, send, send))  # type: ignore[arg-type]  # receives nothing
    ((name, value),) = sent[0]["headers"]
    assert name == b"x-request-id"
    assert b"under request " + value in bodies[0]
