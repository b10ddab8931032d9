"""Parts of pages that are the same for every reader: made once, and of nobody's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client, RequestFactory

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel


def render(text: str, path: str, of_map: str, **names: object) -> str:
    """Render a template for a page of somebody who signed in."""
    reader = User(username="ada")
    own = {"request": RequestFactory().get(path), "map_identity": of_map, "user": reader}
    return Template("{% load kept_parts %}" + text).render(Context({**own, **names}))


def test_part_is_made_once_per_map_and_address() -> None:
    text = '{% kept "a" %}{{ value }}{% endkept %}'
    assert render(text, "/parts/?b=1", "one", value=1) == "1"
    assert render(text, "/parts/?b=1", "one", value=2) == "1"
    assert render(text, "/parts/?b=2", "one", value=3) == "3"
    assert render(text, "/parts/?b=1", "other", value=4) == "4"
    assert render('{% kept "b" %}{{ value }}{% endkept %}', "/parts/?b=1", "one", value=5) == "5"
    assert render(text, "/parts/?b=1", "", value=6) == "6"


def test_nobody_is_signed_in_within_a_part() -> None:
    text = "{{ user.username }}|{{ user.is_authenticated }}|{{ csrf_token }}"
    own = render(text, "/own/", "one", csrf_token="secret")
    assert own == "ada|True|secret"
    assert render('{% kept "a" %}' + text + "{% endkept %}", "/own/", "one") == "|False|"


@pytest.mark.django_db
def test_pages_of_readers_share_what_is_the_same(client: Client) -> None:
    save_kernel(replace(create_toy_kernel(), name="toy-shared"), None)
    address = "/kernels/toy-shared/kfuncs/toy_now/"
    before = client.get(address).content.decode()
    client.force_login(User.objects.create_user("ada"))
    own = client.get(address).content.decode()
    assert "Called by uploads" in own
    assert "Called by uploads" not in before
    shared = before[before.index("On every kernel") : before.index('<ul class="exports"')]
    assert shared.strip() in own
