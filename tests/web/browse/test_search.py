"""How search says on which kernels a name is."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kfmap.web.browse.search import say_kernels
from tests.verifier.shared import share
from verifier.records.models import BpfObject, Submission

EVERY = ["6.1", "6.12", "6.17", "6.18", "7.1"]
FLAVOURS = ["6.1", "6.12-arm64", "6.12-all", "6.12", "6.17", "7.1"]


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


@pytest.mark.parametrize(
    ("some", "said"),
    [
        (FLAVOURS[1:], "6.12 to 7.1"),
        (FLAVOURS[2:], "6.12 to 7.1"),
        (FLAVOURS[1:4], "6.12-arm64, 6.12-all, 6.12"),
        (["6.12-all", "6.17", "7.1"], "6.12-all, 6.17, 7.1"),
    ],
)
def test_a_run_that_begins_with_flavours_begins_with_their_release(
    some: list[str], said: str
) -> None:
    assert say_kernels(some, FLAVOURS) == said


@pytest.mark.django_db
@pytest.mark.parametrize("looked_at", [1, 5000])
def test_every_object_is_found_by_the_names_that_its_reader_sees(
    client: Client, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr("verifier.records.id_lists.LOOKED_AT", looked_at)
    ada, bob = (User.objects.create_user(name) for name in ("ada", "bob"))
    for at in range(3):
        obj = BpfObject.objects.create(sha256=f"{at:064x}", file_name=f"toy{at}.bpf.o", size=1)
        share(obj)
        Submission.objects.create(user=bob).files.create(name=f"hidden{at}.bpf.o", object=obj)
    client.force_login(ada)
    page = client.get("/search/?q=TOY").content.decode()
    assert all(f"toy{at}.bpf.o" in page for at in range(3))
    assert "bpf.o" not in client.get("/search/?q=hidden").content.decode()
    client.force_login(bob)
    page = client.get("/search/?q=hidden").content.decode()
    assert all(f"hidden{at}.bpf.o" in page for at in range(3))
