"""Addresses that are put together here are those that Django's reverse() gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import NoReverseMatch, reverse, set_script_prefix

from kfmap.web.shared.addresses import address

NAMES = [
    "xdp",
    "lsm.s/file_open",
    "a b",
    "é",
    "a%2Fb",
    "?q#f",
    "50%",
    "a+b=c;d",
    "(x)",
    "..",
    "'\"",
]


@pytest.mark.parametrize("name", NAMES)
def test_address_is_that_of_reverse(name: str) -> None:
    for view in ("context", "kfunc", "set", "filter", "hook"):
        assert _ask(address, view, "7.3", name) == _ask(_reverse, view, "7.3", name), view


def _reverse(view: str, *names: str) -> str:
    return reverse(view, args=names)


def _ask(make: Callable[..., str], *names: str) -> str:
    """Return the address; "" where the view does not take a name, such as one with a slash."""
    try:
        return make(*names)
    except NoReverseMatch:
        return ""


def test_address_without_and_with_more_names() -> None:
    assert address("can-call") == reverse("can-call")
    member = ("7.3-rt", "sched_ext_ops", "enqueue")
    assert address("member", *member) == reverse("member", args=member)


def test_name_that_the_view_takes_not_is_refused() -> None:
    for names in (("7/3", "sched_ext_ops"), ("", "sched_ext_ops")):
        with pytest.raises(NoReverseMatch):
            address("struct-ops", *names)


def test_address_stands_under_the_prefix_of_the_server() -> None:
    plain = address("kernel", "7.3")
    try:
        set_script_prefix("/map/")
        assert address("kernel", "7.3") == f"/map{plain}"
    finally:
        set_script_prefix("/")
