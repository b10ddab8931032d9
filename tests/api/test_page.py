"""The page of the API: every endpoint stands on it, and its examples work."""

from __future__ import annotations

import html
import re
import shlex
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from kfmap.api import urls
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db


@pytest.fixture
def text(client: Client) -> str:
    """Return the page, of a map with one kernel."""
    save_kernel(replace(create_toy_kernel(), name="8.1", version="8.1"), None)
    answer = client.get("/api/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_endpoint_is_described(text: str) -> None:
    shown = re.findall(r"<code>(/api/[^<]*)</code>", text)
    assert len(set(shown)) == len(urls.urlpatterns) - 1  # all but the page itself
    assert text.count("curl ") == len(shown)


def test_examples_are_answered(client: Client, text: str) -> None:
    links = re.findall(r'<a href="(/api/[^"]+)">Ask it here', text)
    assert len(links) == 9
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200


def test_example_of_a_question_that_is_sent_is_answered(client: Client, text: str) -> None:
    (command,) = re.findall("curl --json [^<]*", text)
    _, _, body, address = shlex.split(html.unescape(command))
    answer = client.post(urlsplit(address).path, body, content_type="application/json")
    assert answer.json()["verdict"] == "refused"  # on the toy kernel


def test_example_of_an_upload_sends_a_file_as_somebody(text: str) -> None:
    command = f"--form objects=@prog.bpf.o http://testserver{reverse('api-upload')}"
    said = html.unescape(text)
    assert f'curl --header "Authorization: Bearer $KFMAP_TOKEN" {command}' in said


def test_example_that_sends_nothing_names_its_method(text: str) -> None:
    said = html.unescape(text)
    assert "--request POST http://testserver/api/rechecks/1/resume/" in said
    assert "--request DELETE http://testserver/api/spaces/scheduler/webhooks/1/" in said


def test_example_of_what_is_sent_has_the_kind_of_each_field(text: str) -> None:
    said = html.unescape(text)
    assert '"scopes": ["read"], "days": 1' in said
    assert "--request PATCH http://testserver/api/spaces/scheduler/members/" in said


def test_page_works_on_an_empty_map_and_only_reads(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert client.get("/api/").status_code == 200
    assert client.post("/api/").status_code == 405
