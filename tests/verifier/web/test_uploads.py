"""Uploads by a form: who may, where they lead, and the list of them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from tests.verifier.jobs.test_files import HEADER
from tests.verifier.shared import share
from tests.verifier.web.checked_object import upload
from verifier.records.models import BpfObject, Job, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


@pytest.mark.parametrize("path", ["uploads/", f"objects/{'0' * 64}/", "uploads/1/"])
def test_pages_send_strangers_to_the_login(client: Client, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.status_code == 302
    assert str(answer["Location"]).startswith("/accounts/login/")


def test_stranger_cannot_upload(client: Client) -> None:
    client.post("/uploads/", {"objects": SimpleUploadedFile("a.o", HEADER)})
    assert BpfObject.objects.count() == 0


def test_one_object_leads_to_its_page_with_a_job(ada: Client) -> None:
    page = upload(ada, ("toy.bpf.o", HEADER))
    obj = BpfObject.objects.get()
    assert page == f"/objects/{obj.sha256}/"
    assert Job.objects.get().object == obj
    assert "waiting" in ada.get(page).content.decode()


def test_several_objects_lead_to_the_upload_with_each(ada: Client) -> None:
    page = upload(ada, ("a.bpf.o", HEADER), ("b.bpf.o", HEADER + b"b"), ("c.bpf.o", b""))
    text = ada.get(page).content.decode()
    assert "a.bpf.o" in text
    assert "c.bpf.o</strong>: Not taken: the file is empty." in text
    assert Job.objects.count() == 2


def test_same_object_twice_is_known_and_gets_no_second_job(ada: Client) -> None:
    upload(ada, ("toy.bpf.o", HEADER))
    page = upload(ada, ("copy.bpf.o", HEADER))
    assert page == f"/objects/{BpfObject.objects.get().sha256}/"
    assert Job.objects.count() == 1
    assert Submission.objects.first().files.get().known_before  # type: ignore[union-attr]


def test_too_large_an_object_is_refused_by_name(ada: Client, settings: Settings) -> None:
    settings.KFMAP_MAX_UPLOAD_BYTES = 1 << 20
    page = upload(ada, ("large.bpf.o", HEADER + bytes(2 << 20)))
    text = ada.get(page).content.decode()
    assert "large.bpf.o</strong>: Not taken: larger than 1 MB" in text


def test_upload_of_nothing_says_so(ada: Client) -> None:
    assert "Choose one or more" in ada.post("/uploads/", follow=True).content.decode()


def test_list_of_objects_costs_the_same_for_any_number(
    ada: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        obj = share(BpfObject.objects.create(sha256=f"{number:064x}", file_name="x.o", size=1))
        Job.objects.create(object=obj)
    with django_assert_num_queries(9):
        ada.get("/uploads/")
