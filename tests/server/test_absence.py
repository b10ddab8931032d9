"""What is said and done while the database, the disk, the broker or the workers are away."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.server.deployment import WORKER, prepare, running, web
from tests.server.postgres import BINARIES, postgres_server
from tests.server.process import ADMINISTRATOR, PASSWORD, Browser, manage, up, wait_until
from tests.server.redis import BINARY, redis_server
from tests.server.small_disk import CAN_MOUNT, small_disk
from tests.server.test_broker import (
    OBJECT,
    SERVERS,
    assert_checked_everywhere,
    wait_for_result,
)

needs_mount = pytest.mark.skipif(not CAN_MOUNT, reason="only root can mount a small disk")
_PATIENCE = 5.0


def ready(browser: Browser) -> tuple[int, dict[str, str]]:
    """Return the status of /readyz and the problems it names."""
    status, body = browser.get("/readyz")
    return status, json.loads(body)["problems"]


def timed(browser: Browser, path: str, **form: Any) -> tuple[int, str, float]:
    """Ask for a page, or send a form; give status, body and seconds."""
    began = time.monotonic()
    status, body = browser.post(path, form) if form else browser.get(path)
    return status, body, time.monotonic() - began


def upload(browser: Browser, mark: str) -> tuple[int, str, str]:
    """Upload an object of its own; give status, page and hash."""
    data = OBJECT.read_bytes() + mark.encode()
    status, page = browser.post("/uploads/", {"objects": (f"{mark}.bpf.o", data)})
    return status, page, hashlib.sha256(data).hexdigest()


@pytest.mark.postgres
@pytest.mark.redis
def test_pages_say_that_postgresql_is_away_and_come_back(tmp_path: Path) -> None:
    if not BINARIES or BINARY is None:
        pytest.skip("PostgreSQL or redis-server is not installed")
    with postgres_server() as postgres, redis_server(tmp_path) as redis:
        changes = {"DATABASE_URL": postgres.address, "KFMAP_REDIS_URL": redis.address}
        prepare(tmp_path, **changes)
        with (
            web(tmp_path, *SERVERS[0], **changes) as browser,
            running(WORKER, tmp_path, **changes),
        ):
            browser.log_in(ADMINISTRATOR, PASSWORD)
            wait_until(lambda: ready(browser) == (200, {}))
            postgres.stop()
            for path in ("/", "/uploads/", "/api/kernels/"):
                status, body, seconds = timed(browser, path)
                assert (status, "The database does not answer." in body) == (503, True)
                assert seconds < _PATIENCE
            assert browser.header("/", "Retry-After") == "10"
            assert set(ready(browser)[1]) == {"database", "worker"}
            postgres.start()
            wait_until(lambda: browser.get("/")[0] == 200)
            with redis.hung():
                status, page, _ = upload(browser, "hung")
                assert (status, "waits for the queue" in page) == (202, True)
                assert ready(browser)[1] == {"broker": "The broker does not answer."}


@pytest.mark.redis
def test_broker_without_a_worker_is_not_ready(tmp_path: Path, redis_address: str) -> None:
    with up(tmp_path, KFMAP_REDIS_URL=redis_address) as browser:
        assert ready(browser) == (503, {"worker": "No worker takes jobs."})


def test_locked_database_is_read_and_says_why_nothing_is_kept(tmp_path: Path) -> None:
    with up(tmp_path) as browser:
        browser.sign_in()
        browser.get("/uploads/")
        other = sqlite3.connect(tmp_path / "kfmap.sqlite3")
        other.execute("BEGIN IMMEDIATE")
        for path in ("/", "/kernels/7.2/matrix/data.json", "/uploads/"):
            assert browser.get(path)[0] == 200, path
        status, page, _ = upload(browser, "locked")
        assert (status, "The database is held by another program." in page) == (503, True)
        other.rollback()
        assert upload(browser, "free")[0] == 200


@needs_mount
def test_full_disk_is_read_and_says_that_nothing_is_kept(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk, up(disk.folder) as browser:
        browser.sign_in()
        browser.get("/uploads/")
        assert ready(browser) == (200, {})
        disk.fill()
        for path in ("/", "/kernels/7.2/matrix/data.json", "/uploads/", "/kernels/7.2/kfuncs/"):
            assert browser.get(path)[0] == 200, path
        status, page, _ = upload(browser, "full")
        assert (status, "The disk of the server is full" in page) == (503, True)
        assert set(ready(browser)[1]) == {"disk"}
        disk.make_room()
        status, _, sha256 = upload(browser, "room")
        assert status == 200
        assert_checked_everywhere(browser, wait_for_result(browser, sha256))


@needs_mount
def test_jobs_go_on_when_there_is_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk, up(disk.folder) as browser:
        browser.sign_in()
        browser.get("/uploads/")
        taken = [upload(browser, f"number{at}") for at in range(12)]
        disk.fill()
        assert {status for status, *_ in taken} == {200}
        time.sleep(10)
        disk.make_room()
        for _, _, sha256 in taken:
            assert_checked_everywhere(browser, wait_for_result(browser, sha256))


@needs_mount
@pytest.mark.parametrize("room", [0, 1 << 20, 3 << 20])
def test_first_start_on_a_full_disk_is_one_sentence(tmp_path: Path, room: int) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        disk.fill(room)
        ended = manage(disk.folder, "up", "--port", "0")
    assert ended.returncode == 1
    assert "No space left" in ended.stderr or "is full. Make room" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr


@pytest.mark.parametrize("left", [b"", b"abc", b"\xff\xfe"])
def test_secret_key_that_was_cut_off_is_made_anew(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "secret-key").write_bytes(left)
    ended = manage(tmp_path, "check")
    assert (ended.returncode, "kfmap made another key" in ended.stderr) == (0, True)
    key = (tmp_path / "secret-key").read_text()
    assert len(key) > 50
    assert manage(tmp_path, "check").stderr.count("another key") == 0
    assert (tmp_path / "secret-key").read_text() == key
