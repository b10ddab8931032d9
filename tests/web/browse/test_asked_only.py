"""A kernel that was only asked: what follows from its rules is not known, and no page says none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_asked_kernel, create_toy_kernel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]
NOT_KNOWN = "of Linux 7.9 are not known: it was booted and asked, and its source is not in the map."


@pytest.fixture(autouse=True)
def asked() -> None:
    """Put the kernel into the map."""
    save_kernel(replace(create_asked_kernel(), name="7.9", version="7.9"), None)


@pytest.mark.parametrize("page", ["mechanisms", "findings", "what-if"])
def test_pages_on_rules_say_that_there_are_none_to_look_at(client: Client, page: str) -> None:
    text = client.get(f"/kernels/7.9/{page}/").content.decode()
    assert "its sets, registrations and filters are not known" in text
    assert "cells" not in text
    export = client.get(f"/kernels/7.9/{page}/?format=json")
    assert (export.status_code, f"The rules {NOT_KNOWN}" in export.content.decode()) == (404, True)


@pytest.mark.parametrize(
    ("page", "kinds"),
    [
        ("struct-ops/toy_ops", "ops structures"),
        ("sets/toy_any", "kfunc id sets"),
        ("filters/toy_filter", "filters"),
        ("hooks/BTF_KFUNC_HOOK_XDP", "hooks"),
    ],
)
def test_a_name_that_it_cannot_tell_is_not_said_to_be_missing(
    client: Client, page: str, kinds: str
) -> None:
    answer = client.get(f"/kernels/7.9/{page}/")
    assert answer.status_code == 404
    assert f"The {kinds} {NOT_KNOWN}" in answer.content.decode()


def test_its_page_and_its_row_count_nothing_that_is_not_known(client: Client) -> None:
    page = client.get("/kernels/7.9/").content.decode()
    assert page.count("not known") >= 3
    assert "every construct that decides" not in page
    assert 'colspan="3">not known' in client.get("/kernels/").content.decode()


def test_comparisons_do_not_take_what_is_not_known_for_a_change(client: Client) -> None:
    assert "Not among them: 7.9." in client.get("/compare/").content.decode()
    note = "Of 7.9 only what the permission check answered is known"
    assert note in client.get("/compare/7.9/8.1/").content.decode()
    assert note in client.get("/compare/8.1/7.9/").content.decode()
    assert "permission check answered" not in client.get("/compare/8.0/8.1/").content.decode()
    report = client.get("/compare/7.9/8.1/?format=markdown").content.decode()
    assert "a cell that is unknown there need not have changed" in report


def test_exports_and_the_api_leave_out_what_is_not_known(client: Client) -> None:
    """They had said 0 sets and 0 ops structures, as of a kernel that has none."""
    rows = client.get("/kernels/?format=json").json()["rows"]
    (row,) = (row for row in rows if row["name"] == "7.9")
    assert (row["kfuncs"], row["sets"]) == (2, None)
    assert ",," in client.get("/kernels/?format=csv").text
    (kernel,) = (item for item in client.get("/api/kernels/").json() if item["name"] == "7.9")
    counts = ("set_count", "struct_ops_count", "not_understood_count")
    assert [kernel[name] for name in counts] == [None, None, None]
    assert kernel["kfunc_count"] == 2
    known = replace(create_asked_kernel(), name="7.8", kfuncs=create_toy_kernel().kfuncs)
    save_kernel(known, None)
    (first, *_) = client.get("/api/kernels/7.8/kfuncs/").json()["results"]
    assert (first["sets"], first["flags"]) == (None, None)
    asked = client.get("/api/kernels/7.9/kfuncs/?flag=KF_SLEEPABLE")
    assert (asked.status_code, "not known" in asked.json()["detail"]) == (404, True)
