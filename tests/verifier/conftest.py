"""What tests of uploads and jobs share."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.verifier.checked import create_summary
from tests.verifier.shared import share
from verifier.engine.summary import ObjectSummary
from verifier.records import store
from verifier.records.models import BpfObject


@pytest.fixture
def data_folder(settings: Settings, tmp_path: Path) -> Path:
    """Keep uploads in a folder of the test."""
    settings.KFMAP_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def ada(client: Client, db: None) -> Client:
    """Sign somebody in."""
    client.force_login(User.objects.create_user("ada"))
    return client


def create_object(
    name: str = "toy.bpf.o",
    summary: ObjectSummary | None = None,
    sha256: str = "ab" * 32,
    *,
    shared: bool = True,
) -> BpfObject:
    """Make an object that was read; `shared`: it is uploaded where every account works."""
    summary = summary or create_summary("toy_running")
    obj = BpfObject.objects.create(sha256=sha256, file_name=name, size=summary.size)
    store.save_summary(obj, summary)
    return share(obj) if shared else obj
