"""What one reader gets, no cache gives to another: neither as a page nor as "unchanged"."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kfmap.api.models import create_token
from tests.web.uploads import create_upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]
PAGES = [
    "/",
    "/kernels/8.1/",
    "/kernels/8.1/kfuncs/toy_now/",
    "/search/?q=toy",
    "/compare/8.0/8.1/",
]


def sign_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(name))
    return client


@pytest.mark.parametrize("path", PAGES)
def test_page_is_unchanged_for_its_reader_alone(path: str) -> None:
    create_upload()
    ada, bob = sign_in("ada"), sign_in("bob")
    ada.get("/")  # the cookie of forms comes
    answer = ada.get(path)
    asked = {"If-None-Match": answer["ETag"]}
    assert "private" in answer["Cache-Control"]
    assert "Cookie" in answer["Vary"]
    statuses = [client.get(path, headers=asked).status_code for client in (ada, bob, Client())]
    assert statuses == [304, 200, 200]


@pytest.mark.parametrize("path", ["/api/kernels/", "/api/spaces/", "/feeds/kernels/"])
def test_answer_to_a_token_is_stored_by_no_cache_nor_given_to_one(path: str) -> None:
    token = create_token(User.objects.create_user("ada"), "CI", ["read"], 30)
    anybody = Client().get(path)
    assert {"Authorization", "Cookie"} <= set(anybody["Vary"].split(", "))
    asked = {"Authorization": f"Bearer {token}", "If-None-Match": anybody.get("ETag", "none")}
    answer = Client().get(path, headers=asked)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer
