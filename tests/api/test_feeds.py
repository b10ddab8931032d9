"""Atom feeds: well-formed, with ids that stay, saying what the map says."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape
from lxml import etree, html

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import HTML, create_summary, create_verdict
from tests.verifier.shared import share
from verifier.records import store
from verifier.records.models import BpfObject, Check

pytestmark = pytest.mark.django_db

GRAMMAR = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def toys() -> None:
    """Put two releases into the map; the second lacks the last kfunc and refuses more."""
    toy = create_toy_kernel()
    save_kernel(replace(toy, name="8.0", version="8.0"), None)
    kept = toy.kfuncs[:-1]
    sets = tuple(
        replace(item, entries=tuple(e for e in item.entries if e.kfunc != toy.kfuncs[-1].name))
        for item in toy.sets
    )
    save_kernel(replace(toy, name="8.1", version="8.1", kfuncs=kept, sets=sets), None)


def read(client: Client, path: str, **headers: str) -> list[Any]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("application/atom+xml")
    root = etree.fromstring(answer.content)
    GRAMMAR.assertValid(root)
    known = feedparser.parse(answer.content)
    assert not known.bozo, known.get("bozo_exception")
    assert known.version == "atom10"
    entries: list[Any] = root.findall(f"{ATOM}entry")
    assert len({entry.id for entry in known.entries}) == len(entries), "an id for each"
    assert all(entry.link.startswith("http://testserver/") for entry in known.entries)
    assert all(entry.updated_parsed for entry in known.entries)
    return entries


def texts(entries: list[Any], tag: str) -> list[str]:
    return [entry.findtext(ATOM + tag) for entry in entries]


@pytest.mark.parametrize("path", ["/feeds/kernels/", "/feeds/kernels/8.1/"])
def test_kernel_says_what_it_changed(client: Client, path: str) -> None:
    gone = create_toy_kernel().kfuncs[-1].name
    entries = read(client, path)
    assert texts(entries, "title") == ["What 8.1 changed"]
    assert f"Removed: {gone}." in texts(entries, "summary")[0]
    link = entries[0].find(f"{ATOM}link").get("href")
    assert link.endswith("/compare/8.0/8.1/")
    assert client.get(link).status_code == 200


def test_id_stays_until_the_facts_change(client: Client) -> None:
    first = texts(read(client, "/feeds/kernels/"), "id")
    assert texts(read(client, "/feeds/kernels/"), "id") == first
    changed = replace(create_toy_kernel(), name="8.0", version="8.0", lsm_hooks=("file_open",))
    save_kernel(changed, None, replace=True)
    assert texts(read(client, "/feeds/kernels/"), "id") != first


def test_first_kernel_changed_nothing_and_an_unknown_one_is_404(client: Client) -> None:
    assert read(client, "/feeds/kernels/8.0/") == []
    assert client.get("/feeds/kernels/5.0/").status_code == 404


def test_kfunc_says_where_it_went(client: Client) -> None:
    gone = create_toy_kernel().kfuncs[-1].name
    entries = read(client, f"/feeds/kfuncs/{gone}/")
    assert texts(entries, "title") == [f"{gone} on 8.1"]
    assert texts(entries, "summary") == ["8.1 has it no more."]
    kept = create_toy_kernel().kfuncs[0].name
    assert read(client, f"/feeds/kfuncs/{kept}/") == []
    assert client.get("/feeds/kfuncs/no_such_kfunc/").status_code == 404


def test_object_is_told_to_those_who_may_see_it(client: Client) -> None:
    obj = share(BpfObject.objects.create(sha256="a" * 64, file_name=f"{HTML}\u202e.o", size=1))
    store.save_summary(obj, create_summary("toy_running"))
    kernel = Kernel.objects.get(name="8.1")
    store.save_verdict(obj, kernel.facts_hash, create_verdict("8.1", "toy_running"))
    path = f"/feeds/objects/{obj.sha256}/"
    assert client.get(path).status_code == 401
    User.objects.create_user("ada", password="right-password")
    basic = b64encode(b"ada:right-password").decode()
    entries = read(client, path, Authorization=f"Basic {basic}")
    assert texts(entries, "title") == [f"{HTML}\\u202e.o on 8.1: passes"]
    Check.objects.update(problem=f"{HTML} cannot be read")
    told = client.get(path, headers={"Authorization": f"Basic {basic}"}).content
    (entry,) = feedparser.parse(told, sanitize_html=False).entries
    assert entry.summary_detail.type == "text/html"
    assert entry.summary == f"{escape(HTML)} cannot be read", "a reader shows it, and runs nothing"


@pytest.mark.parametrize("path", ["/compare/", "/kernels/8.1/", "/kernels/8.1/kfuncs/toy_move/"])
def test_pages_lead_readers_to_their_feed(client: Client, path: str) -> None:
    page = html.document_fromstring(client.get(path).content)
    (address,) = page.xpath("//head/link[@type='application/atom+xml']/@href")
    read(client, address)
