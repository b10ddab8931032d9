"""A value that a parameter of an address cannot have is answered as a name that is not there."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]

KERNEL = "/kernels/8.1"
MATRIX = f"{KERNEL}/matrix/"
MECHANISMS = f"{KERNEL}/mechanisms/"
WHAT_IF = f"{KERNEL}/what-if/"


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        (f"{MATRIX}?kind=helpers&rows=toy", f"{MATRIX}?rows=toy&kind=helper"),
        (f"{MATRIX}?group=toy_op", f"{MATRIX}?group=toy_ops"),
        (f"{MATRIX}?sort=names", f"{MATRIX}?sort=name"),
        (f"{MATRIX}?sleep=0", f"{MATRIX}?sleep=1"),
        (f"{MATRIX}?only=yes", f"{MATRIX}?only=1"),
        (f"{MATRIX}?merge=yes", f"{MATRIX}?merge=1"),
        (f"{MATRIX}?cell=xdp+toy_nov", f"{MATRIX}?cell=xdp+toy_now"),
        (f"{KERNEL}/kfuncs/?kind=kfuncs", f"{KERNEL}/kfuncs/?kind=kfunc"),
        (f"{KERNEL}/graphs/?first=toy", f"{KERNEL}/graphs/callbacks/toy_ops/"),
        (
            f"{KERNEL}/graphs/callbacks/toy_ops/?refused=yes",
            f"{KERNEL}/graphs/callbacks/toy_ops/?refused=1",
        ),
        (f"{MECHANISMS}?scope=toy", f"{MECHANISMS}?scope=toy_ops"),
        (f"{MECHANISMS}?reading=every", f"{MECHANISMS}?reading=any"),
        (f"{WHAT_IF}?kfunc=toy_nov", f"{WHAT_IF}?kfunc=toy_now"),
        (f"{WHAT_IF}?member=toy_ops.enque", f"{WHAT_IF}?member=toy_ops.enqueue"),
        ("/compare/?old=8.2", "/compare/?old=8.1"),
        ("/compare/8.0/8.1/?group=toy_op", "/compare/8.0/8.1/?group=toy_ops"),
        ("/compare/8.0/8.1/?kind=helpers", "/compare/8.0/8.1/?kind=helper"),
        ("/decode/?sample=refuse", "/decode/?sample=refused"),
    ],
)
def test_a_value_that_is_not_there_leads_to_those_that_come_near(
    client: Client, path: str, leads_to: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert f'href="{leads_to.replace("&", "&amp;")}"' in answer.text
    assert client.get(leads_to).status_code == 200


def test_it_is_said_what_the_address_asks_for_and_where_the_page_without_it_is(
    client: Client,
) -> None:
    text = client.get(f"{MATRIX}?rows=toy&group={quote('<b>')}").text
    assert "There is no group of contexts “&lt;b&gt;”, which the address asks for" in text
    assert f'<a href="{MATRIX}?rows=toy">Show the page without that</a>' in text


@pytest.mark.parametrize(
    "path",
    [
        f"{MATRIX}?group=&kind=&sort=&cell=",
        f"{MATRIX}?sleep=1&only=1&page=99&cell=xdp+toy_now",
        f"{KERNEL}/findings/?kind=nothing&contexts=9",
        f"{MECHANISMS}?scope=&reading=",
        f"{WHAT_IF}?table=&member=&kfunc=",
        "/compare/?old=&new=&group=",
        "/decode/?sample=",
    ],
)
def test_no_value_is_the_usual_one_and_other_parameters_are_no_concern(
    client: Client, path: str
) -> None:
    assert client.get(path).status_code == 200


def test_a_comparison_begins_with_the_kernel_that_is_asked_for(client: Client) -> None:
    assert client.get("/compare/?new=8.0").context["new"] == ["8.0"]
