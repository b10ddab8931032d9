"""Signing in with an account elsewhere, against a provider that runs here: who gets in as whom."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from kfmap.server.environment import Environment
from tests.accounts.provider import CLIENT, SECRET, Provider, providing

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"
CLAIMS = {
    "sub": "17",
    "email": "ann@example.org",
    "email_verified": True,
    "preferred_username": "ann",
    "given_name": "Ann",
}


@pytest.fixture
def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Run a provider that knows Ann, set up as the environment does."""
    with providing() as found:
        found.claims = dict(CLAIMS)
        for name, value in {"ISSUER": found.address, "ID": CLIENT, "SECRET": SECRET}.items():
            monkeypatch.setenv(f"X_{name}", value)
        monkeypatch.setenv("X_NAME", "Example ID")
        name, providers = Environment().sign_on("X_ISSUER", "X_ID", "X_SECRET", "X_NAME")
        settings.KFMAP_OIDC_NAME, settings.SOCIALACCOUNT_PROVIDERS = name, providers
        yield found


def begin(client: Client, query: str = "") -> str:
    """Choose to sign in there; return where the page leads."""
    page = client.post(f"/accounts/sso/sso/{query}")
    assert page.status_code == 200, page
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.content.decode())
    assert found
    return html.unescape(found[1])


def come_back(client: Client, address: str) -> Any:
    """Sign in at the provider, and follow it back."""
    back = httpx.get(address).headers["Location"]
    assert back.startswith("http://testserver/accounts/sso/sso/callback/?")
    return client.get(back.removeprefix("http://testserver"))


def sign_on(client: Client, query: str = "") -> Any:
    """Go there and back."""
    return come_back(client, begin(client, query))


def who(client: Client) -> str:
    """Return who is signed in."""
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else ""


def create(name: str = "ann.local", verified: bool = True, **more: Any) -> User:
    """Make an account that has Ann's address, and has shown so or not."""
    user = User.objects.create_user(name, "ann@example.org", PASSWORD, **more)
    if verified:
        EmailAddress.objects.create(user=user, email="ann@example.org", verified=True)
    return user


def test_sign_in_page_offers_it_where_it_is_set_up_alone(client: Client) -> None:
    assert "Sign in with" not in client.get("/accounts/login/").content.decode()
    assert client.post("/accounts/sso/sso/").status_code == 404
    assert client.get("/accounts/sso/sso/callback/?code=1&state=2").status_code == 404


def test_sign_in_page_offers_the_provider_by_its_name(client: Client, provider: Provider) -> None:
    assert "Sign in with Example ID" in client.get("/accounts/login/").content.decode()


def test_strangers_get_no_account_unless_the_settings_say_so(
    client: Client, provider: Provider
) -> None:
    answer = sign_on(client)
    assert answer.status_code == 403
    assert "You have no account here" in answer.content.decode()
    assert not User.objects.exists()


def test_strangers_get_an_account_where_the_settings_say_so_and_the_same_the_next_time(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    answer = sign_on(client, "?next=/spaces/")
    assert answer["Location"] == "/spaces/"
    user = User.objects.get()
    assert (user.username, user.email, user.first_name) == ("ann", "ann@example.org", "Ann")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert who(client) == "ann"
    provider.claims["email"] = "other@example.org"
    assert sign_on(again := Client()).status_code == 302
    assert who(again) == "ann"
    assert User.objects.count() == 1


def test_name_that_is_taken_is_made_another(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    User.objects.create_user("ann")
    sign_on(client)
    assert who(client) not in ("", "ann")


def test_address_that_both_sides_verified_connects(client: Client, provider: Provider) -> None:
    create()
    sign_on(client)
    assert who(client) == "ann.local"
    assert SocialAccount.objects.get().user.username == "ann.local"


@pytest.mark.parametrize("side", ["here", "there", "nowhere"])
@pytest.mark.parametrize("signup", [False, True])
def test_address_that_one_side_only_says_connects_nothing(
    client: Client, provider: Provider, settings: Settings, side: str, signup: bool
) -> None:
    """Whoever types another's address gets neither their account nor their visits."""
    settings.KFMAP_OIDC_SIGNUP = signup
    provider.claims["email_verified"] = side == "there"
    create(verified=side == "here")
    answer = sign_on(client)
    assert answer.status_code == 409
    assert "An account has this address" in answer.content.decode()
    assert who(client) == ""
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1


def test_address_that_was_verified_and_left_connects_nothing(
    client: Client, provider: Provider
) -> None:
    user = create()
    user.email = "new@example.org"
    user.save()
    assert sign_on(client).status_code == 403
    assert who(client) == ""


def test_accounts_of_the_staff_connect_themselves_alone(client: Client, provider: Provider) -> None:
    create(is_staff=True)
    assert sign_on(client).status_code == 409
    assert who(client) == ""


def test_address_that_the_provider_has_not_verified_is_not_taken_over(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    provider.claims["email_verified"] = False
    sign_on(client)
    assert User.objects.get().email == ""


def test_whoever_signed_in_connects_and_ends_the_connection(
    client: Client, provider: Provider
) -> None:
    create("ada", verified=False, is_staff=True)
    client.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    assert "Connect Example ID" in client.get("/accounts/").content.decode()
    assert sign_on(client, "?process=connect")["Location"] == "/accounts/confirm/"
    assert not SocialAccount.objects.exists()
    done = client.post("/accounts/confirm/", {"password": PASSWORD})
    assert done["Location"] == "/accounts/"
    assert SocialAccount.objects.get().user.username == "ada"
    assert "Connected with Example ID" in client.get("/accounts/").content.decode()
    sign_on(other := Client())
    assert who(other) == "ada"
    account = SocialAccount.objects.get()
    assert Client().post(f"/accounts/connected/{account.pk}/end/").status_code == 302
    stranger = Client()
    stranger.force_login(User.objects.create_user("eve"))
    assert stranger.post(f"/accounts/connected/{account.pk}/end/").status_code == 404
    client.post(f"/accounts/connected/{account.pk}/end/")
    assert not SocialAccount.objects.exists()


def test_the_only_way_in_is_not_ended(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    sign_on(client)
    account = SocialAccount.objects.get()
    answer = client.post(f"/accounts/connected/{account.pk}/end/", follow=True)
    assert "Set a password first" in answer.content.decode()
    assert SocialAccount.objects.exists()


def test_visitors_connect_nothing(client: Client, provider: Provider) -> None:
    assert client.post("/accounts/sso/sso/?process=connect").status_code == 403
    assert client.get("/accounts/sso/sso/").status_code == 405


def test_accounts_that_are_switched_off_stay_out(client: Client, provider: Provider) -> None:
    user = create()
    sign_on(Client())
    user.is_active = False
    user.save()
    assert sign_on(client)["Location"] == "/accounts/inactive/"
    assert who(client) == ""
    assert "switched off" in client.get("/accounts/inactive/").content.decode()


def test_second_factor_is_asked_for_here_too(client: Client, provider: Provider) -> None:
    user = create()
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    assert sign_on(client)["Location"].startswith("/accounts/second-factor/authenticate/")
    assert who(client) == ""


@pytest.mark.parametrize(
    "wrong", [{"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}], ids=str
)
def test_tokens_for_others_of_others_or_too_old_let_nobody_in(
    client: Client, provider: Provider, settings: Settings, wrong: dict[str, Any]
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    provider.wrong = wrong
    assert "did not work" in sign_on(client).content.decode()
    assert who(client) == ""
    assert not User.objects.exists()


def test_answers_to_what_another_browser_asked_let_nobody_in(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    address = begin(Client())
    assert "did not work" in come_back(client, address).content.decode()
    assert who(client) == ""


def test_a_code_that_was_used_is_no_good(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.KFMAP_OIDC_SIGNUP = True
    back = httpx.get(begin(client)).headers["Location"].removeprefix("http://testserver")
    client.get(back)
    assert "did not work" in Client().get(back).content.decode()


def test_whoever_cancels_is_back_at_the_page_that_signs_in(
    client: Client, provider: Provider
) -> None:
    provider.denies = True
    answer = client.get(sign_on(client)["Location"], follow=True)
    assert "You did not sign in." in answer.content.decode()


def test_provider_that_is_away_is_said_to_be(client: Client, settings: Settings) -> None:
    with providing() as gone:
        app = {"provider_id": "sso", "name": "Gone", "client_id": "x", "secret": "y"}
        app_settings = {"server_url": gone.address}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [{**app, "settings": app_settings}]}
        }
    answer = client.post("/accounts/sso/sso/")
    assert "did not work" in answer.content.decode()


def test_password_by_mail_shows_whose_address_it_is(client: Client, settings: Settings) -> None:
    settings.KFMAP_SENDS_MAIL = True
    user = create(verified=False)
    client.post("/accounts/forgotten/", {"email": "ann@example.org"})
    found = re.search(r"http://testserver(/accounts/forgotten/\S+)", str(mail.outbox[0].body))
    assert found
    form = client.get(found[1], follow=True).redirect_chain[0][0]
    client.post(form, {"new_password1": "a new long one", "new_password2": "a new long one"})
    assert EmailAddress.objects.get(user=user).verified
    client.post("/accounts/login/", {"username": "ann.local", "password": "a new long one"})
    client.post("/accounts/", {"email": "other@example.org"})
    assert not EmailAddress.objects.exists(), "another address was shown to nobody"


@pytest.mark.parametrize(
    ("issuer", "client_id", "problems"),
    [
        ("", "", []),
        ("https://id.example.org/realm/", "kfmap", []),
        ("http://id.example.org", "kfmap", ["X_ISSUER"]),
        ("id.example.org", "kfmap", ["X_ISSUER"]),
        ("https://id.example.org", "", ["X_ID"]),
    ],
)
def test_settings_that_do_not_fit_are_named(
    monkeypatch: pytest.MonkeyPatch, issuer: str, client_id: str, problems: list[str]
) -> None:
    monkeypatch.setenv("X_ISSUER", issuer)
    monkeypatch.setenv("X_ID", client_id)
    env = Environment()
    env.sign_on("X_ISSUER", "X_ID", "X_SECRET", "X_NAME")
    assert [problem.variable for problem in env.problems] == problems
