"""One's own account: name and mail, password, where one is signed in."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from kfmap.accounts.models import SignIn

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "correct horse battery staple", "another horse battery staple"


@pytest.fixture
def ada(client: Client) -> Client:
    """Sign in with the form."""
    User.objects.create_user("ada", "ada@example.org", PASSWORD)
    return sign_in(client)


def sign_in(client: Client, password: str = PASSWORD) -> Client:
    """Sign in as people do."""
    client.post("/accounts/login/", {"username": "ada", "password": password})
    return client


def test_name_and_mail_are_kept_and_the_bar_says_who_one_is(ada: Client) -> None:
    form = {"first_name": "Ada", "last_name": "L", "email": "ada@example.com"}
    assert ada.post("/accounts/", form)["Location"] == "/accounts/"
    assert User.objects.get().email == "ada@example.com"
    assert 'class="site-user" href="/accounts/">ada</a>' in ada.get("/").content.decode()


def test_mail_that_is_none_is_refused(ada: Client) -> None:
    assert "valid email" in ada.post("/accounts/", {"email": "nobody"}).content.decode()
    assert User.objects.get().email == "ada@example.org"


def test_new_password_signs_out_everywhere_else(ada: Client) -> None:
    other = sign_in(Client())
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert ada.post("/accounts/password/", form)["Location"] == "/accounts/"
    assert ada.get("/accounts/").status_code == 200
    assert other.get("/accounts/").status_code == 302


def test_session_can_be_ended_from_another(ada: Client) -> None:
    other = sign_in(Client(headers={"user-agent": "Old phone"}))
    assert "Old phone" in ada.get("/accounts/").content.decode()
    phone = SignIn.objects.get(agent="Old phone")
    ada.post(f"/accounts/sessions/{phone.pk}/end/")
    assert other.get("/accounts/").status_code == 302
    assert "Old phone" not in ada.get("/accounts/").content.decode()


def test_session_of_somebody_else_is_not_found(ada: Client) -> None:
    User.objects.create_user("eve", password=PASSWORD)
    eve = Client()
    eve.post("/accounts/login/", {"username": "eve", "password": PASSWORD})
    row = SignIn.objects.get(user__username="ada")
    assert eve.post(f"/accounts/sessions/{row.pk}/end/").status_code == 404
    assert ada.get("/accounts/").status_code == 200


def test_forgotten_password_is_set_by_a_link_that_works_once(
    ada: Client, settings: Settings
) -> None:
    settings.KFMAP_SENDS_MAIL = True
    visitor = Client()
    known = visitor.post("/accounts/forgotten/", {"email": "ada@example.org"}, follow=True)
    unknown = visitor.post("/accounts/forgotten/", {"email": "x@example.org"}, follow=True)
    for answer in (known, unknown):
        assert "If an account has this address" in answer.content.decode()
    (message,) = mail.outbox
    (path,) = re.findall(r"http://testserver(\S+)", str(message.body))
    form = {"new_password1": NEW, "new_password2": NEW}
    page = visitor.get(path, follow=True)
    assert visitor.post(page.redirect_chain[-1][0], form).status_code == 302
    assert sign_in(Client(), NEW).get("/accounts/").status_code == 200
    assert "used or is too old" in Client().get(path, follow=True).content.decode()


def test_without_a_mail_server_the_page_says_what_to_do(client: Client) -> None:
    assert "changepassword" in client.get("/accounts/forgotten/").content.decode()
