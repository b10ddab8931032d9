"""A kernel is asked with what the page offers, and its answers are held against the map."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.permission.small_kernel import create_toy_kernel
from tests.probe.evidence_writer import context, write

pytestmark = pytest.mark.django_db
RELEASE = "7.2.12+toy-amd64"
XDP = Context("BPF_PROG_TYPE_XDP")


@pytest.fixture(autouse=True)
def kernel() -> Kernel:
    facts = create_toy_kernel()
    label = f"Toy linux-image-{RELEASE}"
    origin = replace(facts.origin, label=label)
    return save_kernel(replace(facts, name="7.2", origin=origin), None).kernel


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada", is_staff=True))
    return client


def evidence(*, wrong: int = 0, release: str = RELEASE) -> SimpleUploadedFile:
    decider = Decider(create_toy_kernel())
    bits = decider.bits(XDP)
    letters = [bits.letter(place) for place in range(len(decider.kfuncs))]
    for place in range(wrong):
        letters[place] = {"A": "D", "D": "A"}[letters[place]]
    data = write(
        kernel=release,
        kfuncs=list(decider.kfuncs),
        contexts=[context(verdicts="".join(letters))],
    )
    return SimpleUploadedFile("evidence.json", data)


def test_the_page_says_how_to_ask_without_an_account(client: Client) -> None:
    text = client.get("/probe/").content.decode()
    assert "cc -O2 -static -o kfmap-probe probe.c" in text
    assert "http://testserver/probe/probe.c" in text
    assert "Sign in" in text


def test_the_source_and_the_names_are_there_to_download(client: Client) -> None:
    source = b"".join(client.get("/probe/probe.c").streaming_content)  # type: ignore[attr-defined]  # a file
    assert b"int main(int argc" in source
    assert "toy_insert" in client.get("/probe/names.txt").content.decode().splitlines()


def test_evidence_needs_an_account(client: Client) -> None:
    assert client.post("/probe/", {"file": evidence()}).status_code == 403


def test_evidence_of_a_kernel_of_the_map_is_compared_with_it(ada: Client) -> None:
    text = ada.post("/probe/", {"file": evidence()}).content.decode()
    assert "cells that the kernel decided agree with the map" in text
    assert ">7.2</a>" in text


def test_cells_that_differ_are_listed_with_both_answers(ada: Client) -> None:
    text = ada.post("/probe/", {"file": evidence(wrong=2)}).content.decode()
    assert "2 of" in text
    assert text.count("<code>xdp</code>") == 2
    assert "<td>allowed</td>" in text
    assert "<td>refused</td>" in text


def test_a_kernel_that_the_map_lacks_can_be_compared_with_a_chosen_one(ada: Client) -> None:
    sent = {"file": evidence(release="9.9.9-own"), "kernel": "7.2"}
    assert "agree with the map" in ada.post("/probe/", sent).content.decode()
    text = ada.post("/probe/", {"file": evidence(release="9.9.9-own")}).content.decode()
    assert "The map does not have this kernel." in text


def test_evidence_becomes_a_kernel_without_rules(ada: Client) -> None:
    sent = {"file": evidence(release="9.9.9-own"), "add": "1"}
    page = ada.post("/probe/", sent, follow=True)
    assert page.status_code == 200
    row = Kernel.objects.get(name="9.9.9-own")
    assert not row.has_rules
    for address in ("matrix/", "kfuncs/", "findings/", "graphs/", "contexts/xdp/"):
        assert ada.get(f"/kernels/9.9.9-own/{address}").status_code == 200, address
    asked = {"kernel": "9.9.9-own", "context": "xdp", "kfunc": "toy_insert", "format": "json"}
    answer = ada.get("/can-call/", asked).json()
    assert answer["reasons"][0]["rule"] == "observed"


def test_a_kernel_of_evidence_knows_permission_alone(ada: Client) -> None:
    """What sleeps, and what fails at run time, was not asked: such a call is not called allowed."""
    ada.post("/probe/", {"file": evidence(release="9.9.9-own"), "add": "1"})
    decider = load_kernel("9.9.9-own").decider
    kfunc = next(name for name in decider.kfuncs if decider.decide(XDP, name).verdict == "allowed")
    asked = {"kernel": "9.9.9-own", "context": "xdp", "kfunc": kfunc, "format": "json"}
    answer = ada.get("/can-call/", asked).json()
    assert (answer["verdict"], answer["outcome"]) == ("allowed", "unknown")
    assert "was not asked" in answer["because"]


def test_only_the_staff_may_add_a_kernel(client: Client) -> None:
    client.force_login(User.objects.create_user("bob"))
    sent = {"file": evidence(release="9.9.9-own"), "add": "1"}
    assert client.post("/probe/", sent).status_code == 403
    assert "Add it to the map" not in client.get("/probe/").content.decode()


def test_what_is_no_evidence_is_said_in_a_sentence(ada: Client) -> None:
    sent = {"file": SimpleUploadedFile("<b>.json", b"{")}
    text = ada.post("/probe/", sent).content.decode()
    assert "cannot be read: it is not JSON" in text
    assert "<b>.json" not in text
    assert "Choose the file" in ada.post("/probe/", {}).content.decode()
