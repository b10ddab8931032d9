"""A failure reaches administrators and Sentry with its trace, and with nothing of the reader."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import mail
from django.test import override_settings

from kfmap.server.failure_reports import FailureMails
from tests.server.process import ROOT, environment
from tests.server.receivers import event_server, mail_server

SECRETS = ("pass-word-x", "session-x", "token-x", "query-x", "bearer-x", "broker-x")
# Nobody made the database: the question who has the session fails.
_FAIL = """
import django
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "session-x"
sent = {"username": "ada", "password": "pass-word-x"}
bearer = {"Authorization": "Bearer bearer-x"}
answer = client.post("/accounts/setup/token-x/?q=query-x", sent, headers=bearer)
print(answer.status_code)
"""

_FAIL_IN_A_JOB = """
import django
django.setup()
from kfmap.celery import app

@app.task(name="broken")
def broken(job_id):
    password = "pass-word-x"
    raise ValueError(f"job {job_id} broke")

broken.apply(args=(7,))
"""


def _run(code: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, with a broker that has a password and is not there."""
    told = environment(
        folder,
        DJANGO_SETTINGS_MODULE="kfmap.settings",
        KFMAP_REDIS_URL="redis://:broker-x@127.0.0.1:1/0",
        **settings,
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_failure_is_reported_without_what_the_reader_sent(tmp_path: Path) -> None:
    with mail_server() as (smtp, mails), event_server() as (http, events):
        ended = _run(
            _FAIL,
            tmp_path,
            KFMAP_ADMINS="ada@example.org",
            KFMAP_MAIL_URL=f"smtp://127.0.0.1:{smtp}",
            KFMAP_SENTRY_DSN=f"http://key@127.0.0.1:{http}/1",
            KFMAP_ALLOWED_HOSTS="testserver",
            KFMAP_LOG="json",
        )
    assert ended.stdout.strip() == "503"
    assert len(mails) == 1
    assert [event.partition("?")[0].partition("\n")[0] for event in events] == ["/api/1/envelope/"]
    for told in (ended.stderr, mails[0], events[0]):
        assert "no such table" in told
        assert "accounts/setup/" in told
        assert not [secret for secret in SECRETS if secret in told]


def test_many_failures_are_one_mail_in_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    handler = FailureMails()
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, "it\nbroke", None, None)
    with override_settings(ADMINS=[("ada", "ada@example.org")]):
        for _ in range(3):
            handler.emit(record)
        now += 61
        handler.emit(record)
    first, second = mail.outbox
    assert "not mailed" not in first.body
    assert "that were not mailed: 2." in second.body
    assert "\n" not in second.subject


def test_failure_of_a_job_reaches_sentry_without_settings_and_locals(tmp_path: Path) -> None:
    with event_server() as (http, events):
        _run(
            _FAIL_IN_A_JOB,
            tmp_path,
            KFMAP_SENTRY_DSN=f"http://key@127.0.0.1:{http}/1",
            KFMAP_MAIL_URL="smtp://user:query-x@127.0.0.1:1",
            DATABASE_URL="postgres://user:session-x@127.0.0.1:1/kfmap",
        )
    told = "".join(events)
    assert "job 7 broke" in told
    assert [secret for secret in SECRETS if secret in told] == [], told[:6000]
