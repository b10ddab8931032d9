"""Sessions: the same rows as Django's, asked for with less work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from kfmap.accounts.sessions import ACCOUNTS, SessionStore

pytestmark = pytest.mark.django_db
_DJANGOS = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def ada(client: Client) -> Client:
    """Sign in."""
    client.force_login(User.objects.create_user("ada"))
    return client


def _is_signed_in(client: Client) -> bool:
    return client.get("/accounts/").status_code == 200


def test_setting_names_the_backend_that_sessions_are_given() -> None:
    assert settings.AUTHENTICATION_BACKENDS[-1] == ACCOUNTS


def test_session_can_be_read_by_an_older_kfmap(ada: Client) -> None:
    key = ada.cookies[settings.SESSION_COOKIE_NAME].value
    assert db.SessionStore(key).load()[BACKEND_SESSION_KEY] == _DJANGOS
    assert SessionStore(key).load()[BACKEND_SESSION_KEY] == ACCOUNTS


def test_session_of_an_older_kfmap_goes_on(ada: Client) -> None:
    older = db.SessionStore()
    older.update({**db.SessionStore(ada.cookies[settings.SESSION_COOKIE_NAME].value).load()})
    older.create()
    ada.cookies[settings.SESSION_COOKIE_NAME] = str(older.session_key)
    assert _is_signed_in(ada)


def test_session_that_is_over_signs_nobody_in(ada: Client) -> None:
    assert _is_signed_in(ada)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not _is_signed_in(ada)


def test_session_that_was_removed_signs_nobody_in(ada: Client) -> None:
    Session.objects.all().delete()
    assert not _is_signed_in(ada)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}])
def test_change_of_the_account_ends_its_sessions_at_once(
    ada: Client, change: dict[str, object]
) -> None:
    User.objects.update(**change)
    assert not _is_signed_in(ada)


@pytest.mark.parametrize("key", ["abcdefgh\0ijkl", "", "short", "' OR 1=1 --", "ab" * 2000])
def test_key_that_cannot_be_one_signs_nobody_in(client: Client, key: str) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not _is_signed_in(client)


def test_unchanged_page_asks_for_map_session_account_and_uploads_only(
    ada: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ada.get("/")  # gives the cookie that forms are sent with
    etag = ada.get("/").headers["ETag"]
    with django_assert_num_queries(4):
        assert ada.get("/", headers={"if-none-match": etag}).status_code == 304
