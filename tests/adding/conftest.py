"""Somebody who may add kernels, and no worker that would read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings


@pytest.fixture
def sent(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> Iterator[list[int]]:
    """Keep uploads in a folder of the test, and no worker at hand."""
    settings.KFMAP_DATA_DIR = tmp_path
    given: list[int] = []
    monkeypatch.setattr(
        "kfmap.adding.queue.app.send_task", lambda name, args, **_: given.append(args[0])
    )
    yield given


@pytest.fixture
def adder() -> Client:
    user = User.objects.create_user("adder", password="correct horse")
    user.user_permissions.add(Permission.objects.get(codename="add_addition"))
    client = Client()
    client.force_login(user)
    return client
