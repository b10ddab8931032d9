"""People in the admin: kept out, signed out, helped when the phone is gone."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/auth/user/"


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def ann(client: Client) -> User:
    user = User.objects.create_user("ann", "ann@example.org")
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    client.force_login(user)
    return user


def act(admin: Client, action: str, *people: User) -> str:
    form = {"action": action, "_selected_action": [user.pk for user in people]}
    return admin.post(PEOPLE, form, follow=True).content.decode()


def test_list_says_who_has_a_second_factor(admin: Client, ann: User) -> None:
    page = admin.get(PEOPLE).content.decode()
    assert "ann@example.org" in page
    assert page.count('icon-yes.svg" alt="True"') == 4, "root: active and staff; ann: the others"


def test_whoever_is_switched_off_is_out_at_once(admin: Client, client: Client, ann: User) -> None:
    assert client.get("/accounts/").status_code == 200
    root = User.objects.get(username="root")
    assert "Switched off: 1." in act(admin, "switch_off", ann, root)
    assert client.get("/accounts/").status_code == 302
    root.refresh_from_db()
    assert root.is_active, "nobody locks themselves out"


def test_sessions_are_ended(admin: Client, client: Client, ann: User) -> None:
    assert "Sessions ended: 1." in act(admin, "sign_out", ann)
    assert client.get("/accounts/").status_code == 302


def test_second_factor_is_taken_away(admin: Client, ann: User) -> None:
    assert "Second factors taken away: 1." in act(admin, "forget_second_factor", ann)
    assert not Authenticator.objects.exists()
