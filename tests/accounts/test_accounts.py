"""The one-time link, signing in, and who may look into the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from kfmap.accounts.models import SetupLink, administrator_exists

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
FORM = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}


def create(client: Client, token: str, **changes: str) -> int:
    """Send the form behind the link; give the status."""
    return client.post(f"/accounts/setup/{token}/", {**FORM, **changes}).status_code


def test_link_creates_one_administrator_and_signs_them_in(client: Client) -> None:
    token = SetupLink.objects.issue()
    assert create(client, token) == 302
    ada = User.objects.get()
    assert ada.is_superuser
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_link_works_once(client: Client) -> None:
    token = SetupLink.objects.issue()
    create(client, token)
    assert create(client, token, username="eve") == 410
    assert User.objects.count() == 1


def test_link_is_of_no_use_once_there_is_an_administrator(client: Client) -> None:
    token = SetupLink.objects.issue()
    User.objects.create_superuser("root")
    assert create(client, token) == 410


def test_newer_link_ends_the_older_one(client: Client) -> None:
    older, newer = SetupLink.objects.issue(), SetupLink.objects.issue()
    assert client.get(f"/accounts/setup/{older}/").status_code == 410
    assert client.get(f"/accounts/setup/{newer}/").status_code == 200


def test_expired_link_does_not_work(client: Client) -> None:
    token = SetupLink.objects.issue()
    SetupLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert create(client, token) == 410
    assert not administrator_exists()


def test_token_is_not_kept(client: Client) -> None:
    token = SetupLink.objects.issue()
    assert token not in str(SetupLink.objects.values())


@pytest.mark.parametrize(
    "changes", [{"password2": "other"}, {"password1": "short", "password2": "short"}]
)
def test_bad_password_leaves_the_link_usable(client: Client, changes: dict[str, str]) -> None:
    token = SetupLink.objects.issue()
    assert create(client, token, **changes) == 200
    assert create(client, token) == 302


def test_link_page_is_kept_by_no_cache(client: Client) -> None:
    answer = client.get(f"/accounts/setup/{SetupLink.objects.issue()}/")
    assert "no-store" in answer["Cache-Control"]


def test_guessing_a_password_is_slowed_down(client: Client) -> None:
    User.objects.create_user("ada", password=PASSWORD)
    wrong = {"username": "ada", "password": "guess"}
    statuses = [client.post("/accounts/login/", wrong).status_code for _ in range(6)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    right = {"username": "ada", "password": PASSWORD}
    assert client.post("/accounts/login/", right).status_code == 429


def test_signing_out_needs_a_post(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert client.get("/accounts/logout/").status_code == 405
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_admin_lists_every_model(admin_client: Client) -> None:
    ours = [
        model
        for model in admin.site._registry
        if model._meta.app_label in ("catalogue", "verifier", "kfmap_accounts")
    ]
    assert {"Kernel", "Kfunc", "Job", "Finding"} <= {model.__name__ for model in ours}
    for model in ours:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert admin_client.get(path).status_code == 200, path
