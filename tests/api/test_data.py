"""The open data by one link: a ZIP file, made once per state of the map."""

from __future__ import annotations

import fcntl
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy(settings: Settings, tmp_path: Path) -> None:
    settings.KFMAP_DATA_DIR = tmp_path
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def read(client: Client) -> bytes:
    answer = client.get("/api/data/")
    assert answer.status_code == 200
    return b"".join(answer)


def test_archive_has_every_table_and_stays_the_same(client: Client, tmp_path: Path) -> None:
    data = read(client)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
    assert {"kfmap-data/kfmap.sqlite", "kfmap-data/cells.csv", "kfmap-data/README.md"} <= names
    assert "kfmap-data/facts/toy.json" in names
    (tmp_path / "open-data").rename(tmp_path / "old")
    assert read(client) == data


def test_unchanged_archive_costs_a_304_and_a_new_kernel_a_new_one(client: Client) -> None:
    first = client.get("/api/data/")
    headers = {"If-None-Match": first["ETag"]}
    assert client.get("/api/data/", headers=headers).status_code == 304
    save_kernel(replace(create_toy_kernel(), name="toy2"), None)
    assert client.get("/api/data/", headers=headers).status_code == 200


def test_second_request_meanwhile_is_asked_to_come_back(client: Client, tmp_path: Path) -> None:
    (tmp_path / "open-data").mkdir()
    with (tmp_path / "open-data" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = client.get("/api/data/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert answer["Content-Type"] == "application/problem+json"
