"""Lists of the admin: any may have 100,000 rows, and none costs by row what is the same for all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from pytest_django import DjangoAssertNumQueries as MaxQueries

from kfmap import admin_lists
from kfmap.admin_lists import LongListAdmin
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from verifier.records import admin as records_admin
from verifier.records.models import BpfObject, Job, Program, Submission, SubmittedFile
from verifier.spaces.models import AuditEntry, Space

OWN = ("kfmap.", "verifier.")
LISTS = [
    page
    for model, page in sorted(admin.site._registry.items(), key=lambda item: item[0].__name__)
    if type(page).__module__.startswith(OWN)
]


@pytest.mark.parametrize("page", LISTS, ids=lambda page: page.model.__name__)
def test_every_list_is_one_of_many_rows(page: Any) -> None:
    assert isinstance(page, LongListAdmin)
    assert page.list_per_page == 25
    assert not page.show_full_result_count


@pytest.fixture
def job(db: None) -> Job:
    obj = BpfObject.objects.create(sha256="a" * 64, file_name="<a>.o", size=1)
    return Job.objects.create(object=obj, state=Job.State.DONE)


def test_a_row_leads_back_to_the_list_as_it_was_asked_for(admin_client: Client, job: Job) -> None:
    address = f"/admin/verifier/job/{job.pk}/change/"
    plain = admin_client.get("/admin/verifier/job/").content.decode()
    asked = admin_client.get("/admin/verifier/job/?state__exact=done&o=3").content.decode()
    kept = f"{address}?_changelist_filters=state__exact%3Ddone%26o%3D3"
    assert f'href="{address}"' in plain
    assert f'href="{kept}"' in asked
    assert (
        "/admin/verifier/job/?state__exact=done&amp;o=3" in admin_client.get(kept).content.decode()
    )


def test_the_box_of_a_row_is_the_one_of_the_admin(job: Job) -> None:
    page = admin.site._registry[Job]
    drawn = page.action_checkbox(job)
    assert drawn == admin.ModelAdmin.action_checkbox(page, job)


def test_a_list_resolves_no_address_for_each_row(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []
    monkeypatch.setattr("django.contrib.admin.templatetags.admin_urls.resolve", resolved.append)
    for number in range(25):
        BpfObject.objects.create(sha256=f"{number:064x}", file_name="a.o", size=1)
    assert admin_client.get("/admin/verifier/bpfobject/?q=a").status_code == 200
    assert not resolved


def test_a_list_is_sorted_by_what_has_an_index_alone(admin_client: Client) -> None:
    for number in range(3):
        BpfObject.objects.create(sha256=f"{number:064x}", file_name=f"{number % 2}.o", size=1)
    latest = list(BpfObject.objects.order_by("-pk").values_list("pk", flat=True))

    def shown(order: str) -> list[int]:
        answer = admin_client.get(f"/admin/verifier/bpfobject/?o={order}")
        return [row.pk for row in answer.context["cl"].result_list]

    assert shown("1") == latest  # names have no index of all objects
    assert shown("2") == latest[::-1]


@pytest.mark.parametrize("model", [BpfObject, Submission, Program, Kernel, User])
def test_words_are_looked_for_once(
    admin_client: Client, django_assert_max_num_queries: MaxQueries, model: type[Model]
) -> None:
    place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    with django_assert_max_num_queries(12) as asked:
        assert admin_client.get(f"{place}?q=zzq").status_code == 200
    reading = [row["sql"] for row in asked if "LIKE" in row["sql"]]
    assert len(reading) == len({sql.partition(" WHERE ")[0] for sql in reading})
    assert all("COUNT(" not in sql for sql in reading)


@pytest.mark.parametrize("page", LISTS, ids=lambda page: page.model.__name__)
def test_no_list_reads_facts_or_types_or_costs_by_row(
    admin_client: Client, django_assert_max_num_queries: MaxQueries, page: Any
) -> None:
    save_kernel(create_toy_kernel(), None)
    meta = page.model._meta
    with django_assert_max_num_queries(10) as asked:
        assert admin_client.get(f"/admin/{meta.app_label}/{meta.model_name}/").status_code == 200
    packed = re.compile(r'"catalogue_\w+"\."(facts|config|data)"')
    assert not [row["sql"] for row in asked if packed.search(row["sql"])]


def _create_objects(count: int) -> list[BpfObject]:
    rows = (BpfObject(sha256=f"{at:064x}", file_name=f"{at}.o", size=1) for at in range(count))
    return BpfObject.objects.bulk_create(rows)


def test_a_list_counts_no_further_than_pages_that_it_offers(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: MaxQueries
) -> None:
    monkeypatch.setattr(admin_lists, "COUNTED", 30)
    _create_objects(90)
    with django_assert_max_num_queries(10) as asked:
        first = admin_client.get("/admin/verifier/bpfobject/")
    counting = [row["sql"] for row in asked if "COUNT(" in row["sql"]]
    assert [sql for sql in counting if "LIMIT 31" in sql] == counting != []
    assert "more than 30 " in first.content.decode()
    assert "All more than 30 selected" in first.content.decode()
    third = admin_client.get("/admin/verifier/bpfobject/?p=3")
    assert "more than 105 " not in third.content.decode()
    assert len(third.context["cl"].result_list) == 25
    assert len(admin_client.get("/admin/verifier/bpfobject/?p=4").context["cl"].result_list) == 15


def test_a_list_is_not_sorted_by_words_that_many_rows_share(admin_client: Client) -> None:
    for at, obj in enumerate(_create_objects(3)):
        Job.objects.create(object=obj, state=[Job.State.DONE, Job.State.FAILED][at % 2])
    answer = admin_client.get("/admin/verifier/job/?o=3")
    shown = [row.pk for row in answer.context["cl"].result_list]
    assert shown == list(Job.objects.order_by("-pk").values_list("pk", flat=True))


def test_programs_are_looked_for_among_the_latest(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    obj = _create_objects(1)[0]
    rows = [Program.objects.create(object=obj, position=at, name=f"run{at}") for at in range(3)]
    monkeypatch.setattr(records_admin.ProgramAdmin, "searched", 2)
    answer = admin_client.get("/admin/verifier/program/?q=run")
    assert list(answer.context["cl"].result_list) == rows[:0:-1]
    assert "among the latest 20,000 programs" in answer.content.decode()


@pytest.mark.parametrize("read", [1, 5000])
def test_uploads_are_found_by_names_of_files_that_few_and_that_many_have(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    monkeypatch.setattr(records_admin, "COUNTED", read)
    space = Space.objects.create(slug="a-space", name="A space")
    uploads = []
    for obj in _create_objects(3):
        uploads.append(Submission.objects.create(space=space))
        name = "other.o" if len(uploads) == 2 else "searched.o"
        SubmittedFile.objects.create(submission=uploads[-1], object=obj, name=name, space=space)

    def found(words: str) -> list[Submission]:
        answer = admin_client.get(f"/admin/verifier/submission/?q={words}")
        return list(answer.context["cl"].result_list)

    assert found("earche") == [uploads[2], uploads[0]]
    assert found("zzq") == []
    assert found("a-spac") == uploads[::-1]


def test_a_filter_offers_what_the_latest_entries_say(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "_LATELY", 2)
    for what in ("space made", "upload", "upload"):
        AuditEntry.objects.record(None, None, what)
    page = admin_client.get("/admin/spaces/auditentry/?what=space+made")
    assert len(page.context["cl"].result_list) == 1
    offered = [
        choice["display"]
        for choice in page.context["cl"].filter_specs[0].choices(page.context["cl"])
    ]
    assert offered == ["All", "upload"]


def test_a_filter_offers_no_more_spaces_than_a_page_has_room_for(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "_CHOICES", 2)
    spaces = [Space.objects.create(slug=f"s{at}", name=f"Room {at}") for at in range(4)]
    upload = Submission.objects.create(space=spaces[0])
    page = admin_client.get(f"/admin/verifier/submission/?space__id__exact={spaces[0].pk}")
    assert page.content.decode().count("?space__id__exact=") == 2
    assert list(page.context["cl"].result_list) == [upload]
