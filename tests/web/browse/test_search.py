"""How search says on which kernels a name is."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kfmap.web.browse.search import say_kernels
from verifier.records.models import BpfObject

EVERY = ["6.1", "6.12", "6.17", "6.18", "7.1"]


@pytest.mark.parametrize(
    ("some", "said"),
    [
        (EVERY, "every kernel"),
        (["7.1"], "7.1"),
        (["6.18", "7.1"], "6.18, 7.1"),
        (["6.12", "6.17", "6.18"], "6.12 to 6.18"),
        (["6.1", "6.17", "6.18", "7.1"], "6.1, 6.17 to 7.1"),
    ],
)
def test_kernels_are_said_as_runs_of_releases(some: list[str], said: str) -> None:
    assert say_kernels(some, EVERY) == said


@pytest.mark.django_db
def test_the_latest_objects_are_looked_through(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(User.objects.create_user("ada"))
    for at in range(3):
        BpfObject.objects.create(sha256=f"{at:064x}", file_name=f"toy{at}.bpf.o", size=1)
    page = client.get("/search/?q=bpf.o").content.decode()
    assert all(f"toy{at}.bpf.o" in page for at in range(3))
    assert "were looked through" not in page
    monkeypatch.setattr("kfmap.web.browse.search._LOOKED_THROUGH", 2)
    page = client.get("/search/?q=bpf.o&again").content.decode()
    assert "toy0.bpf.o" not in page
    assert "toy1.bpf.o" in page
    assert "Of objects, the latest 2 were looked through." in page
