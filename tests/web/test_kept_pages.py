"""Pages that are kept for readers who are not signed in: the same for everybody, and bounded."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.store import save_kernel
from kfmap.web.shared.kept_pages import KEPT_PAGES, KeptPages
from tests.permission.small_kernel import create_toy_kernel

ETAG = '"map"'


def ask(pages: KeptPages, path: str, **headers: str) -> HttpResponse | None:
    """Look for a page."""
    return pages.find(RequestFactory().get(path, headers=headers), ETAG)


def keep(pages: KeptPages, path: str, response: HttpResponse) -> None:
    """Keep a page."""
    pages.keep(RequestFactory().get(path), ETAG, response)


def test_page_is_given_as_it_was_made_compressed_or_not() -> None:
    pages, made = KeptPages(), HttpResponse("Grüße " * 100, headers={"X-Own": "1"})
    keep(pages, "/a/?b=1", made)
    plain = ask(pages, "/a/?b=1")
    packed = ask(pages, "/a/?b=1", accept_encoding="br, gzip")
    assert plain is not None
    assert packed is not None
    assert (plain.content, plain["X-Own"]) == (made.content, "1")
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == made.content


def test_other_address_host_or_map_has_no_page() -> None:
    pages = KeptPages()
    keep(pages, "/a/", HttpResponse("page"))
    assert ask(pages, "/a/?b=2") is None
    assert ask(pages, "/a/", host="127.0.0.1") is None
    assert pages.find(RequestFactory().get("/a/"), '"other map"') is None


def test_answer_of_ones_own_is_not_kept() -> None:
    pages, own = KeptPages(), HttpResponse("page")
    own.set_cookie("session", "ada")
    keep(pages, "/cookie/", own)
    keep(pages, "/missing/", HttpResponse(status=404))
    request = RequestFactory().get("/form/")
    request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
    pages.keep(request, ETAG, HttpResponse("page"))
    assert [ask(pages, path) for path in ("/cookie/", "/missing/", "/form/")] == [None] * 3


@pytest.mark.parametrize(
    "known", [{"cookie": "sessionid=1"}, {"authorization": "Bearer 1"}], ids=["session", "token"]
)
def test_reader_who_is_known_gets_and_leaves_no_page(known: dict[str, str]) -> None:
    pages = KeptPages()
    pages.keep(RequestFactory().get("/own/", headers=known), ETAG, HttpResponse("own"))
    assert ask(pages, "/own/") is None
    keep(pages, "/all/", HttpResponse("page"))
    assert ask(pages, "/all/", **known) is None
    assert ask(pages, "/all/") is not None


def test_token_of_a_cookie_that_the_reader_had_is_not_kept() -> None:
    pages = KeptPages()
    had = RequestFactory().get("/form/", headers={"cookie": "csrftoken=" + "a" * 32})
    pages.keep(had, ETAG, HttpResponse("page with a token"))
    assert ask(pages, "/form/") is None


def test_pages_take_no_more_room_than_they_may() -> None:
    pages = KeptPages(max_bytes=1000)
    for at in range(100):
        keep(pages, f"/{at}/", HttpResponse(b"x" * 150))
    found = [at for at in range(100) if ask(pages, f"/{at}/")]
    assert found == [94, 95, 96, 97, 98, 99]
    keep(pages, "/large/", HttpResponse(b"x" * 2000))
    assert ask(pages, "/large/") is None
    assert ask(pages, "/99/") is not None


@pytest.mark.django_db
def test_page_is_made_once_for_readers_and_anew_for_those_signed_in(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(KEPT_PAGES, "max_bytes", 1 << 20)
    save_kernel(replace(create_toy_kernel(), name="toy-kept"), None)
    first = client.get("/kernels/toy-kept/")
    with django_assert_num_queries(1):  # the kernels that there are
        again = client.get("/kernels/toy-kept/", headers={"accept-encoding": "gzip"})
    assert gzip.decompress(again.content) == first.content
    save_kernel(replace(create_toy_kernel(), name="toy-new"), None)
    assert b"toy-new" in client.get("/").content
    client.force_login(User.objects.create_user("ada"))
    assert b"Sign out" in client.get("/kernels/toy-kept/").content
    client.logout()
    assert b"Sign out" not in client.get("/kernels/toy-kept/").content
