"""Jobs carried by a real broker to a real worker process, and by the embedded worker."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import ROOT, Up, environment, up, wait_until

OBJECT = ROOT / "tests" / "objects" / "scheduler.bpf.o"


@contextmanager
def worker(folder: Path, broker: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `celery -A kfmap worker` for the length of a block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "kfmap", "worker", "--concurrency=1", "-l", "error"],
        cwd=ROOT,
        env=environment(folder, KFMAP_REDIS_URL=broker),
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def upload(running: Up) -> dict[str, Any]:
    """Upload the object and give what the API says of it once its job is over."""
    data = OBJECT.read_bytes()
    running.get("/uploads/")
    assert running.post("/uploads/", {"objects": (OBJECT.name, data)})[0] == 200
    return wait_for_result(running, hashlib.sha256(data).hexdigest())


def wait_for_result(running: Up, sha256: str) -> dict[str, Any]:
    """Return the result when the job is over."""
    found: dict[str, Any] = {}

    def is_over() -> bool:
        found.update(json.loads(running.get(f"/api/objects/{sha256}/")[1]))
        return found["job"]["state"] not in ("queued", "running")

    wait_until(is_over, seconds=120)
    return found


def assert_checked_everywhere(running: Up, result: dict[str, Any]) -> None:
    """See that the object has a verdict for each program and kernel."""
    assert result["job"]["state"] == "done"
    assert result["report"]["errors"] == []
    kernels = {kernel["name"] for kernel in json.loads(running.get("/api/kernels/")[1])}
    (obj,) = result["report"]["objects"]
    assert {verdict["kernel"] for verdict in obj["verdicts"]} == kernels
    assert len(obj["verdicts"]) == len(kernels) * len(obj["programs"])


def test_embedded_worker_checks_an_upload(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.sign_in()
        assert_checked_everywhere(running, upload(running))


@pytest.mark.redis
def test_worker_process_checks_an_upload(tmp_path: Path, redis_server: str) -> None:
    with up(tmp_path, KFMAP_REDIS_URL=redis_server) as running, worker(tmp_path, redis_server):
        running.sign_in()
        assert_checked_everywhere(running, upload(running))


@pytest.mark.redis
def test_job_waits_for_a_worker_that_starts_later(tmp_path: Path, redis_server: str) -> None:
    with up(tmp_path, KFMAP_REDIS_URL=redis_server) as running:
        running.sign_in()
        data = OBJECT.read_bytes()
        running.get("/uploads/")
        running.post("/uploads/", {"objects": (OBJECT.name, data)})
        with worker(tmp_path, redis_server):
            sha256 = hashlib.sha256(data).hexdigest()
            assert_checked_everywhere(running, wait_for_result(running, sha256))


def test_job_cut_off_by_the_end_of_the_process_is_taken_up_again(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.sign_in()
        data = OBJECT.read_bytes()
        running.get("/uploads/")
        running.post("/uploads/", {"objects": (OBJECT.name, data)})
        running.process.kill()
        running.process.wait(10)
    with up(tmp_path) as again:
        again.go_on_as(running)
        result = wait_for_result(again, hashlib.sha256(data).hexdigest())
        assert_checked_everywhere(again, result)
