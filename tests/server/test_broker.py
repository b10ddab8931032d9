"""Jobs carried by a real broker to a real worker process, and by the embedded worker."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.deployment import GUNICORN, UVICORN, WORKER, prepare, running, web
from tests.server.process import ADMINISTRATOR, PASSWORD, ROOT, Browser, manage, up, wait_until
from tests.server.redis import BINARY, redis_server

OBJECT = ROOT / "tests" / "objects" / "scheduler.bpf.o"


def upload(browser: Browser) -> dict[str, Any]:
    """Upload the object and give what the API says of it once its job is over."""
    data = OBJECT.read_bytes()
    browser.get("/uploads/")
    assert browser.post("/uploads/", {"objects": (OBJECT.name, data)})[0] == 200
    return wait_for_result(browser, hashlib.sha256(data).hexdigest())


def wait_for_result(browser: Browser, sha256: str) -> dict[str, Any]:
    """Return the result when the job is over."""
    found: dict[str, Any] = {}

    def is_over() -> bool:
        found.update(json.loads(browser.get(f"/api/objects/{sha256}/")[1]))
        return found["job"]["state"] not in ("queued", "running")

    wait_until(is_over, seconds=120)
    return found


def assert_checked_everywhere(browser: Browser, result: dict[str, Any]) -> None:
    """See that the object has a verdict for each program and kernel."""
    assert result["job"]["state"] == "done"
    assert result["report"]["errors"] == []
    kernels = {kernel["name"] for kernel in json.loads(browser.get("/api/kernels/")[1])}
    (obj,) = result["report"]["objects"]
    assert {verdict["kernel"] for verdict in obj["verdicts"]} == kernels
    assert len(obj["verdicts"]) == len(kernels) * len(obj["programs"])


def test_embedded_worker_checks_an_upload(tmp_path: Path) -> None:
    with up(tmp_path) as browser:
        browser.sign_in()
        assert_checked_everywhere(browser, upload(browser))


SERVERS = [
    (*GUNICORN, "--workers", "2"),
    (*UVICORN, "--workers", "2"),
]


@pytest.mark.redis
@pytest.mark.parametrize("server", SERVERS, ids=[server[0] for server in SERVERS])
def test_upload_to_a_documented_web_server_reaches_the_worker(
    tmp_path: Path, redis_address: str, server: tuple[str, ...]
) -> None:
    """Nothing but Django itself may have to be imported for a job to find its broker."""
    prepare(tmp_path, KFMAP_REDIS_URL=redis_address)
    with (
        web(tmp_path, *server, KFMAP_REDIS_URL=redis_address) as browser,
        running(WORKER, tmp_path, KFMAP_REDIS_URL=redis_address),
    ):
        browser.log_in(ADMINISTRATOR, PASSWORD)
        assert_checked_everywhere(browser, upload(browser))


@pytest.mark.redis
def test_worker_process_checks_an_upload(tmp_path: Path, redis_address: str) -> None:
    with (
        up(tmp_path, KFMAP_REDIS_URL=redis_address) as browser,
        running(WORKER, tmp_path, KFMAP_REDIS_URL=redis_address),
    ):
        browser.sign_in()
        assert_checked_everywhere(browser, upload(browser))


@pytest.mark.redis
def test_job_waits_for_a_worker_that_starts_later(tmp_path: Path, redis_address: str) -> None:
    with up(tmp_path, KFMAP_REDIS_URL=redis_address) as browser:
        browser.sign_in()
        data = OBJECT.read_bytes()
        browser.get("/uploads/")
        browser.post("/uploads/", {"objects": (OBJECT.name, data)})
        with running(WORKER, tmp_path, KFMAP_REDIS_URL=redis_address):
            sha256 = hashlib.sha256(data).hexdigest()
            assert_checked_everywhere(browser, wait_for_result(browser, sha256))


def test_job_cut_off_by_the_end_of_the_process_is_taken_up_again(tmp_path: Path) -> None:
    with up(tmp_path) as browser:
        browser.sign_in()
        data = OBJECT.read_bytes()
        browser.get("/uploads/")
        browser.post("/uploads/", {"objects": (OBJECT.name, data)})
        browser.process.kill()
        browser.process.wait(10)
    with up(tmp_path) as again:
        again.go_on_as(browser)
        result = wait_for_result(again, hashlib.sha256(data).hexdigest())
        assert_checked_everywhere(again, result)


_ORDER = """
from kfmap.celery import app
from verifier.jobs.queue import count_messages, send_jobs
assert send_jobs([1, 2]) == send_jobs([3], late=True) == []
print(count_messages())
with app.connection() as connection:
    queue = connection.SimpleQueue(app.conf.task_default_queue)
    print([queue.get(timeout=30).payload[0][0] for _ in range(3)])
"""


@pytest.mark.redis
def test_late_jobs_are_handed_out_before_all_others(tmp_path: Path) -> None:
    if BINARY is None:
        pytest.skip("redis-server is not installed")
    with redis_server(tmp_path) as server:
        ended = manage(tmp_path, "shell", "-v0", "-c", _ORDER, KFMAP_REDIS_URL=server.address)
    assert ended.stdout.split("\n")[:2] == ["3", "[3, 1, 2]"], ended.stderr
