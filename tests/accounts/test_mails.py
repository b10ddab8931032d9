"""Mails as a mail server gets them: the password that was forgotten, and what a space tells."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.server.process import free_port
from tests.server.receivers import mail_server
from verifier.spaces.models import Notice

NEW = "another horse battery"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mails(settings: Settings) -> Iterator[list[str]]:
    """Send mails to a server of the test, and return what it was given."""
    with mail_server() as (port, kept):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.KFMAP_SENDS_MAIL = True
        yield kept


def parse(mail: str) -> tuple[EmailMessage, str]:
    """Return a mail, and its text."""
    message = email.message_from_string(mail, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message, str(message.get_content())


def test_forgotten_password_is_set_by_the_link_of_a_mail(mails: list[str]) -> None:
    User.objects.create_user("ada", email="ada@example.org", password="correct horse")
    client = Client()
    for address in ("ada@example.org", "nobody@example.org"):
        assert client.post("/accounts/forgotten/", {"email": address}).status_code == 302
    (sent,) = mails
    message, text = parse(sent)
    assert message["To"] == "ada@example.org"
    assert message["From"] == "kfmap@localhost"
    assert "ada" in text
    (path,) = re.findall(r"http://testserver(\S+)", text)
    page = client.get(path, follow=True).redirect_chain[-1][0]
    assert client.post(page, {"new_password1": NEW, "new_password2": NEW}).status_code == 302
    assert User.objects.get().check_password(NEW)


def test_link_of_a_mail_leads_to_no_foreign_host(mails: list[str]) -> None:
    User.objects.create_user("ada", email="ada@example.org", password="correct horse")
    form = {"email": "ada@example.org"}
    answer = Client().post("/accounts/forgotten/", form, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert mails == []


def test_who_asks_learns_nothing_from_a_mail_server_that_is_away(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.KFMAP_SENDS_MAIL = True
    User.objects.create_user("ada", email="ada@example.org", password="correct horse")
    known, unknown = (
        Client().post("/accounts/forgotten/", {"email": address})
        for address in ("ada@example.org", "nobody@example.org")
    )
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_notice_is_one_letter_to_each_whatever_is_in_its_text(mails: list[str]) -> None:
    people = [
        User.objects.create_user(name, email=f"{name}@example.org") for name in ("ada", "bob")
    ]
    User.objects.create_user("eve", email="")
    text = "mœvis.bpf.o\r\nBcc: eve@example.org\r\n\r\n.\r\nQUIT"
    assert Notice.objects.tell(people, text, "/spaces/team/", "more") == 2
    sent = [parse(mail) for mail in mails]
    assert sorted(message["To"] for message, _ in sent) == ["ada@example.org", "bob@example.org"]
    for message, body in sent:
        assert message["Bcc"] is None
        assert message["Subject"].strip() == "kfmap: mœvis.bpf.o Bcc: eve@example.org . QUIT"
        assert "more" in body
