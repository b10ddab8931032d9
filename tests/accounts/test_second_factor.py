"""A second factor: switched on, asked for wherever a password lets in, and not guessed."""

from __future__ import annotations

import base64
import re
from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from kfmap.api.models import create_token

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def code_of(secret: str) -> str:
    """Return what an app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def sign_in(client: Client, name: str = "ann") -> Any:
    """Send name and password."""
    return client.post("/accounts/login/", {"username": name, "password": PASSWORD})


def is_in(client: Client) -> bool:
    """Return whether the account page opens."""
    return client.get("/accounts/").status_code == 200


@pytest.fixture
def secret(client: Client) -> str:
    """Make an account and switch the second factor on by its pages; return what the app keeps."""
    User.objects.create_user("ann", password=PASSWORD, is_staff=True)
    sign_in(client)
    asked = client.get("/accounts/second-factor/totp/activate/")["Location"]
    assert "Confirm that it is you" in client.get(asked).content.decode()
    client.post(asked, {"password": PASSWORD})
    page = client.get("/accounts/second-factor/totp/activate/").content.decode()
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found
    assert 'src="data:image/svg+xml;base64,' in page
    done = client.post(
        "/accounts/second-factor/totp/activate/", {"code": code_of(found[1])}, follow=True
    )
    assert "Recovery codes" in done.content.decode()
    client.post("/accounts/logout/")
    return found[1]


def test_password_alone_lets_nobody_in_any_more(client: Client, secret: str) -> None:
    assert sign_in(client)["Location"].startswith("/accounts/second-factor/authenticate/")
    assert not is_in(client)
    wrong = client.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert not is_in(client)
    right = client.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert right["Location"] == "/"
    assert is_in(client)
    assert "on. Your password alone lets nobody in." in client.get("/accounts/").content.decode()


def test_where_one_wanted_to_go_is_not_forgotten(client: Client, secret: str) -> None:
    form = {"username": "ann", "password": PASSWORD, "next": "/spaces/"}
    client.post("/accounts/login/", form)
    done = client.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert done["Location"] == "/spaces/"


def test_second_step_is_for_whoever_did_the_first(client: Client, secret: str) -> None:
    answer = client.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert answer["Location"].startswith("/accounts/login/")


def test_recovery_codes_let_in_once_each(client: Client, secret: str) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for works in (True, False):
        sign_in(client)
        client.post("/accounts/second-factor/authenticate/", {"code": codes[0]})
        assert is_in(client) == works
        client.post("/accounts/logout/")


def test_code_lets_in_once_whichever_process_is_asked(client: Client, secret: str) -> None:
    sign_in(client)
    code = {"code": code_of(secret)}
    client.post("/accounts/second-factor/authenticate/", code)
    assert is_in(client)
    client.post("/accounts/logout/")
    memory = import_module("django.core.cache.backends.locmem")  # the stubs know no insides
    for kept in (*memory._caches.values(), *memory._expire_info.values()):
        kept.clear()  # another process has nothing of what this one remembers
    sign_in(client)
    client.post("/accounts/second-factor/authenticate/", code)
    assert not is_in(client)


def test_codes_are_not_guessed(client: Client, secret: str, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    for _ in range(10):
        sign_in(fresh := Client())
        fresh.post("/accounts/second-factor/authenticate/", {"code": "000000"})
    sign_in(client)
    late = client.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert "Too many codes were tried for this account" in late.content.decode()
    assert not is_in(client)


def test_admin_and_api_are_no_way_around_it(client: Client, secret: str) -> None:
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/accounts/login/")
    form = {"username": "ann", "password": PASSWORD, "next": "/admin/"}
    client.post("/admin/login/", form)
    assert not is_in(client)
    basic = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    answer = client.get("/api/objects/", headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 401
    assert "second factor" in answer.json()["detail"]
    token = create_token(User.objects.get(), "x", ["read"], 7)
    answer = client.get("/api/objects/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_secrets_are_not_readable_in_the_database(secret: str) -> None:
    assert secret not in str(list(Authenticator.objects.values()))


def test_another_key_of_this_kfmap_lets_no_code_in(
    client: Client, secret: str, settings: Settings
) -> None:
    settings.SECRET_KEY = "another"
    sign_in(client)
    wrong = client.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    assert wrong.status_code == 200
    assert not is_in(client)


def test_it_is_switched_off_after_saying_once_more_that_it_is_you(
    client: Client, secret: str
) -> None:
    sign_in(client)
    client.post("/accounts/second-factor/authenticate/", {"code": code_of(secret)})
    asked = client.get("/accounts/second-factor/totp/deactivate/")
    assert asked["Location"].startswith("/accounts/confirm/")
    client.post(asked["Location"], {"password": PASSWORD})
    client.post("/accounts/second-factor/totp/deactivate/")
    assert not Authenticator.objects.exists()
    client.post("/accounts/logout/")
    sign_in(client)
    assert is_in(client)
