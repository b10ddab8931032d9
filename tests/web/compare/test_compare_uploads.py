"""The uploads on a comparison: which programs change their verdict, and what is not checked yet."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kfmap.catalogue.models import Kernel
from kfmap.web.uploads import uploads_on_kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.shared import share
from tests.web.mechanisms.test_mechanism_pages import read
from verifier.records import store
from verifier.records.models import BpfObject, Job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]
PAGE = "/compare/8.0/8.1/"


@pytest.fixture
def reader(client: Client) -> Client:
    """Sign a reader in."""
    client.force_login(User.objects.create_user("ada"))
    return client


@pytest.fixture
def upload() -> BpfObject:
    """Keep an object that is checked on the older kernel only."""
    summary = create_summary("toy_running")
    obj = BpfObject.objects.create(sha256="ab" * 32, file_name="toy.bpf.o", size=summary.size)
    store.save_summary(share(obj), summary)
    store.save_verdict(obj, facts_hash("8.0"), create_verdict("8.0", "toy_running"))
    return obj


def facts_hash(kernel: str) -> str:
    return Kernel.objects.get(name=kernel).facts_hash


def test_uploads_without_verdicts_are_counted_and_can_be_checked(
    reader: Client, upload: BpfObject
) -> None:
    page = read(reader, PAGE)
    assert "1 upload has not been checked on 8.1 yet" in page
    assert "been checked on 8.0" not in page
    assert "changes its verdict" not in page
    reader.post("/kernels/8.1/uploads/check/")
    assert Job.objects.open().get().object == upload


def test_comparison_says_how_many_uploads_it_is_of(
    reader: Client, upload: BpfObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(BpfObject.objects.create(sha256="f" * 64, file_name="other.bpf.o", size=1))
    monkeypatch.setattr(uploads_on_kernel, "_COMPARED", 1)
    page = read(reader, PAGE)
    assert "Of uploads, the latest 1 were compared" in page
    assert "1 upload has not been checked on 8.0 yet" in page


def test_programs_that_change_their_verdict_are_named(reader: Client, upload: BpfObject) -> None:
    verdict = create_verdict("8.1", "toy_running", create_finding("not_allowed"))
    store.save_verdict(upload, facts_hash("8.1"), verdict)
    page = read(reader, PAGE)
    assert "toy.bpf.o" in page
    assert "been checked" not in page
    (row,) = reader.get(PAGE).context["uploads"].rows
    assert [(i.program, i.before.verdict, i.after.verdict) for i in row.changed] == [
        ("toy_running", "passes", "refused")
    ]


def test_uploads_that_fare_alike_are_said_to(reader: Client, upload: BpfObject) -> None:
    store.save_verdict(upload, facts_hash("8.1"), create_verdict("8.1", "toy_running"))
    assert "No uploaded program changes its verdict." in read(reader, PAGE)
