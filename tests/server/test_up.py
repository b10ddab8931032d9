"""One command from an empty folder to the first page, and one clear sentence where that fails."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.server.process import manage, start, up


def test_up_serves_from_an_empty_folder_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    with start(tmp_path) as running:
        assert running.get("/healthz") == (200, "ok\n")
        assert running.get("/readyz")[0] == 200
        assert running.stop(signal.SIGINT) == 0
        assert running.said.endswith("Stopped.\n")
        assert "Traceback" not in running.said


def test_up_stops_on_sigterm(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        assert running.stop(signal.SIGTERM) == 0


def test_up_says_where_the_data_is_and_gives_the_link(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        assert f"Data folder: {tmp_path}" in running.said
        path = running.wait_for_link().removeprefix(running.address)
        assert running.get(path)[0] == 200
        assert running.get(path.replace("setup/", "setup/x"))[0] == 410


def test_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    manage(folder, "check")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600


def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = manage(tmp_path, "up", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "is in use: stop what uses it, or choose another --port." in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", ["/proc/kfmap", "/dev/null/kfmap"])
def test_unusable_folder_is_one_sentence(place: str) -> None:
    ended = manage(Path(place), "up")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"kfmap cannot use {place}: ")
    assert ended.stderr.endswith("Set KFMAP_DATA_DIR to a folder you may write to.\n")
    assert len(ended.stderr.splitlines()) == 1


def test_newer_database_is_one_sentence(tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate").returncode == 0
    with sqlite3.connect(tmp_path / "kfmap.sqlite3") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('catalogue', '9999_from_the_future', '2030-01-01')"
        )
    ended = manage(tmp_path, "up", "--port", "0")
    assert ended.returncode == 1
    assert "was made by a newer kfmap (it has catalogue.9999_from_the_future)" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "kfmap.sqlite3").write_bytes(os.urandom(8192))
    ended = manage(tmp_path, "up", "--port", "0")
    assert ended.returncode == 1
    assert "cannot be used: file is not a database." in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_wrong_settings_are_named_with_what_to_set(tmp_path: Path) -> None:
    ended = manage(
        tmp_path,
        "up",
        KFMAP_REDIS_URL="http://localhost",
        KFMAP_MAX_UPLOAD_MB="many",
        DATABASE_URL="oracle://x",
    )
    assert ended.returncode == 1
    for part in (
        "DATABASE_URL cannot be read.",
        "KFMAP_MAX_UPLOAD_MB cannot be read.",
        "Set it to a whole number above 0, or unset it.",
        "KFMAP_REDIS_URL is not a Redis address.",
    ):
        assert part in ended.stderr
    assert "Traceback" not in ended.stderr


def test_several_web_processes_need_redis(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", WEB_CONCURRENCY="4")
    assert ended.returncode == 1
    assert "KFMAP_REDIS_URL" in ended.stderr


def test_host_that_was_asked_for_is_allowed(tmp_path: Path) -> None:
    with up(tmp_path, "127.0.0.2") as running:
        assert running.get("/healthz") == (200, "ok\n")
