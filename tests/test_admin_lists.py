"""Lists of the admin: any may have 100,000 rows, and none costs by row what is the same for all."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from kfmap.admin_lists import LongListAdmin
from verifier.records.models import BpfObject, Job

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
