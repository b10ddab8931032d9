"""Evidence is kept, found again, confirms cells, and lists those that differ; bad ones are said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.evidence.models import Evidence
from tests.permission.small_kernel import create_toy_kernel
from tests.probe.evidence_writer import context, write
from tests.web.evidence.test_probe import RELEASE, evidence

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kernel() -> None:
    facts = create_toy_kernel()
    origin = replace(facts.origin, label=f"Toy linux-image-{RELEASE}")
    save_kernel(replace(facts, name="7.2", origin=origin), None)


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada"))
    return client


def _post(client: Client, data: bytes) -> Any:
    return client.post("/api/evidence/", data, content_type="application/json")


def test_the_api_keeps_evidence_and_says_how_it_agrees(ada: Client) -> None:
    answer = _post(ada, evidence().read())
    assert answer.status_code == 201
    said = answer.json()
    assert (said["kernel"], said["differ"], said["differences"]) == ("7.2", 0, [])
    assert said["compared"] == said["agree"] > 0
    assert ada.get(said["url"]).status_code == 200
    (listed,) = ada.get("/api/evidence/").json()
    assert listed["sha256"] == said["sha256"]


def test_the_same_evidence_is_kept_once(ada: Client) -> None:
    for _ in range(2):
        assert _post(ada, evidence().read()).status_code == 201
    ada.post("/probe/", {"file": evidence()})
    assert Evidence.objects.count() == 1


def test_an_answer_says_that_the_kernel_confirms_it(ada: Client) -> None:
    address = "/can-call/?kernel=7.2&context=xdp&kfunc=toy_now"
    assert "Confirmed by the kernel" not in ada.get(address).content.decode()
    _post(ada, evidence().read())
    page = ada.get(address).content.decode()
    assert "Confirmed by the kernel" in page
    assert RELEASE in page


def test_an_answer_says_that_the_kernel_says_otherwise(ada: Client) -> None:
    every = len(json.loads(evidence().read())["kfuncs"])
    _post(ada, evidence(wrong=every).read())
    page = ada.get("/can-call/?kernel=7.2&context=xdp&kfunc=toy_now").content.decode()
    assert "The kernel says otherwise" in page


def test_where_no_kernel_was_asked_none_is_said_to_agree(ada: Client) -> None:
    page = ada.get("/differences/").content.decode()
    assert "No kernel has been asked about an object yet" in page
    assert "contradicts its verdicts" not in page


def test_cells_that_differ_are_a_queue_with_both_reasons(ada: Client) -> None:
    said = _post(ada, evidence(wrong=1).read()).json()
    assert said["differ"] == 1
    for address in (said["url"], "/differences/"):
        page = ada.get(address).content.decode()
        assert said["differences"][0]["kfunc"] in page
        assert "the permission check passed" in page or "is not allowed" in page


def test_evidence_of_an_unknown_kernel_is_kept_without_one(ada: Client) -> None:
    said = _post(ada, evidence(release="9.9.9-mine").read()).json()
    assert said["kernel"] is None
    assert "the map does not have it" in ada.get(said["url"]).content.decode()


def test_another_build_that_calls_itself_the_same_is_another_kernel(ada: Client) -> None:
    kernel = load_kernel("7.2")
    origin = replace(kernel.facts.origin, btf_sha256="a" * 64)
    save_kernel(replace(kernel.facts, origin=origin), None, replace=True)
    given = json.loads(evidence().read())
    for sha256, found in (("a" * 64, "7.2"), ("b" * 64, None), ("", "7.2")):
        said = _post(ada, json.dumps({**given, "btf_sha256": sha256}).encode()).json()
        assert said["kernel"] == found


@pytest.mark.parametrize(("asked", "found"), [("0a1b2c", "7.2"), ("0b", None)])
def test_a_build_is_known_by_its_id(
    ada: Client, monkeypatch: pytest.MonkeyPatch, asked: str, found: str | None
) -> None:
    """The evidence is of the build 0a1b2c; a bundled kernel's own build is known."""
    Kernel.objects.update(source=Kernel.Source.BUNDLED)
    monkeypatch.setattr("kfmap.evidence.store.load_builds", lambda: {asked: "7.2"})
    assert _post(ada, evidence().read()).json()["kernel"] == found


def test_strangers_keep_nothing(client: Client) -> None:
    assert _post(client, evidence().read()).status_code in (401, 403)
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (write()[:-20], "cut off"),
        (write(version=2), "version"),
        (write(complete=False), "did not finish"),
        (write(kernel="<script>alert(1)</script>"), "kernel"),
        (write(kfuncs=["<script>"]), "no name"),
        (write(kfuncs=["a"] * 9000), "list of 1 to"),
        (write(contexts=[context()] * 2), "twice"),
        (write(contexts=[context(verdicts="AX")]), "one of A, D and"),
    ],
)
def test_what_is_no_evidence_is_said(ada: Client, data: bytes, message: str) -> None:
    answer = _post(ada, data)
    assert answer.status_code == 400
    assert message in answer.content.decode()
    assert not Evidence.objects.exists()


def test_evidence_without_bound_is_refused_before_it_is_read(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfmap.api.evidence.MOST_BYTES", 1000)
    monkeypatch.setattr("kfmap.probe.evidence.MOST_BYTES", 1000)
    answer = _post(ada, b"{" + b" " * 5000)
    assert answer.status_code == 400
    assert "larger than" in answer.content.decode()


def test_the_staff_make_a_kernel_of_evidence(ada: Client) -> None:
    data = evidence(release="9.9.9-own").read()
    address = "/api/evidence/?add=true"
    refused = ada.post(address, data, content_type="application/json")
    assert refused.status_code == 403
    assert not Evidence.objects.exists()
    User.objects.update(is_staff=True)
    said = ada.post(address, data, content_type="application/json")
    assert (said.status_code, said.json()["kernel"]) == (201, "9.9.9-own")
    assert ada.get("/kernels/9.9.9-own/matrix/").status_code == 200


def test_a_kernel_of_evidence_takes_nobodys_name(ada: Client) -> None:
    User.objects.update(is_staff=True)
    data = evidence(release="7.2").read()
    said = ada.post("/api/evidence/?add=true", data, content_type="application/json")
    assert said.status_code == 400
    assert said.json()["detail"].endswith("already, with other facts: remove that one first.")
