"""Pages about mechanisms, what-if and uploads cost few queries, however many uploads there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.catalogue.variants import keep_variant
from kfmap.permission.what_if.edits import ChangeRow, UseCapabilities
from tests.permission.small_kernel import create_toy_kernel
from tests.web.mechanisms.test_mechanism_pages import draft, read
from tests.web.what_if.test_what_if_uploads import upload

pytestmark = pytest.mark.django_db
NARROWER = ChangeRow("toy_allow", "enqueue", ())
DRAFT = f"/kernels/toy/what-if/?{draft(NARROWER)}"
BITS = f"/kernels/toy/what-if/?{draft(UseCapabilities('toy_ops', 'all'))}"
# Which kernels there are; a what-if also asks for variants, a variant's page for its edits.
ANYBODY = {
    "/kernels/toy/mechanisms/": 1,
    "/kernels/toy/findings/": 1,
    "/kernels/toy/what-if/": 2,
    DRAFT: 2,
    BITS: 2,
    "/kernels/toy-narrow/": 2,
}
# And session, reader, and what uploads there are, with their verdicts.
SIGNED_IN = {
    "/kernels/toy/mechanisms/?scope=toy_ops": 7,
    "/kernels/toy/findings/": 4,
    "/kernels/toy/what-if/": 4,
    DRAFT: 10,
    BITS: 4,
    "/kernels/toy/uploads/": 8,
    "/kernels/toy-narrow/uploads/": 8,
}


@pytest.fixture(autouse=True)
def narrow() -> None:
    """Put the toy and a variant of it into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)
    keep_variant(load_kernel("toy"), [NARROWER], "toy-narrow", None)


@pytest.mark.parametrize(("path", "count"), ANYBODY.items())
def test_page_costs_few_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, path: str, count: int
) -> None:
    read(client, path)
    with django_assert_num_queries(count):
        text = read(client, path)
    assert " style=" not in text
    assert "onclick" not in text


@pytest.mark.parametrize("uploads", [1, 5])
@pytest.mark.parametrize(("path", "count"), SIGNED_IN.items())
def test_page_costs_as_many_queries_with_more_uploads(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    path: str,
    count: int,
    uploads: int,
) -> None:
    for _ in range(uploads):
        upload("enqueue", "toy_insert")
    client.force_login(User.objects.create_user("ada"))
    read(client, path)
    with django_assert_num_queries(count):
        read(client, path)
