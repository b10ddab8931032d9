"""Objects on an S3 server: hosts that share no folder, and a server that is away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from tests.server.deployment import WORKER, prepare, running, web
from tests.server.postgres import BINARIES, run_postgres
from tests.server.process import ADMINISTRATOR, PASSWORD, Browser, free_port, manage, wait_until
from tests.server.test_absence import upload
from tests.server.test_broker import SERVERS, assert_checked_everywhere, wait_for_result

KEYS = {"AWS_ACCESS_KEY_ID": "ada", "AWS_SECRET_ACCESS_KEY": "secret"}
BUCKET = "objects-of-ada"


class S3:
    """An S3 server that keeps nothing on disk."""

    def __init__(self) -> None:
        """Start it and make the bucket."""
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: Browser(self.endpoint).answers("/"))
        self._client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        self._client.create_bucket(Bucket=BUCKET)

    def keys(self) -> list[str]:
        """Return the names of what it keeps."""
        return [
            item["Key"] for item in self._client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        ]


@contextmanager
def s3_server() -> Iterator[S3]:
    """Run a server for the length of a block."""
    server = S3()
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


@pytest.mark.postgres
@pytest.mark.redis
def test_worker_on_another_host_finds_the_bytes(tmp_path: Path, redis_address: str) -> None:
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    with run_postgres() as database, s3_server() as s3:
        changes = {
            "DATABASE_URL": database,
            "KFMAP_REDIS_URL": redis_address,
            "KFMAP_OBJECT_STORAGE": f"s3://{BUCKET}/kfmap",
            "KFMAP_S3_ENDPOINT": s3.endpoint,
            **KEYS,
        }
        prepare(here, **changes)
        with web(here, *SERVERS[0], **changes) as browser, running(WORKER, there, **changes):
            browser.log_in(ADMINISTRATOR, PASSWORD)
            browser.get("/uploads/")
            status, _, sha256 = upload(browser, "far")
            assert status == 200
            assert_checked_everywhere(browser, wait_for_result(browser, sha256))
            assert s3.keys() == [f"kfmap/{sha256[:2]}/{sha256}"]
            assert not (here / "objects").exists()
            assert not (there / "objects").exists()
            s3.process.kill()
            status, page, _ = upload(browser, "away")
            assert (status, "The storage of uploaded objects does not answer" in page) == (
                503,
                True,
            )


@pytest.mark.postgres
@pytest.mark.redis
def test_worker_without_the_folder_says_what_is_wrong(tmp_path: Path, redis_address: str) -> None:
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    with run_postgres() as database:
        changes = {"DATABASE_URL": database, "KFMAP_REDIS_URL": redis_address}
        prepare(here, **changes)
        with web(here, *SERVERS[0], **changes) as browser, running(WORKER, there, **changes):
            browser.log_in(ADMINISTRATOR, PASSWORD)
            browser.get("/uploads/")
            sha256 = upload(browser, "far")[2]
            assert wait_for_result(browser, sha256)["job"]["state"] == "failed"
            page = browser.get(f"/objects/{sha256}/")[1]
            assert "every host needs the same data folder or KFMAP_OBJECT_STORAGE" in page


@pytest.mark.parametrize("address", ["ftp://host/objects", "s3://", "/srv/objects"])
def test_storage_that_is_none_is_named(tmp_path: Path, address: str) -> None:
    ended = manage(tmp_path, "check", KFMAP_OBJECT_STORAGE=address)
    assert ended.returncode == 1
    assert "KFMAP_OBJECT_STORAGE cannot be read." in ended.stderr
    assert "Set it to s3://BUCKET or s3://BUCKET/PREFIX, or unset it." in ended.stderr
