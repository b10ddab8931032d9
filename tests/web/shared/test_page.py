"""What every template of the map finds under one name, and the answer for a missing kernel."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import LoadedKernel
from kfmap.web.shared.kernel_map import KernelMap
from tests.web.addresses import list_addresses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]

ABOUT_ONE_KERNEL = 17  # addresses of the list that begin with a kernel
# The sections of the head of pages that are about one kernel.
SECTIONS = ("kernels", "matrix", "graphs", "mechanisms", "findings", "what-if")


def test_templates_find_the_map_the_kernel_and_its_facts_under_one_name(client: Client) -> None:
    about = {path for path in list_addresses().values() if path.startswith("/kernels/8.1/")}
    asked = [client.get(path) for path in sorted(about)]
    pages = [response for response in asked if response.context is not None]
    assert len(pages) >= ABOUT_ONE_KERNEL
    for response in pages:
        context = response.context
        assert isinstance(context["kernels"], KernelMap)
        assert isinstance(context["kernel"], Kernel) and context["kernel"].name == "8.1"
        assert isinstance(context["loaded"], LoadedKernel) and context["loaded"].name == "8.1"
        assert context["section"] in SECTIONS


@pytest.mark.parametrize("view", ["kernel", "matrix", "kernel-mechanisms", "kernel-what-if"])
def test_a_missing_kernel_is_answered_with_the_names_that_come_near(
    client: Client, view: str
) -> None:
    response = client.get(reverse(view, args=["8.11"]))
    assert response.status_code == 404
    assert "The map has no kernel “8.11”." in response.text
    assert reverse("kernel", args=["8.1"]) in response.text


def test_a_page_leads_to_the_same_page_of_another_kernel(client: Client) -> None:
    page = "/kernels/8.1/sets/toy_any/"
    there = client.get(f"{page}?on=8.0&format=json")["Location"]
    assert there == "/kernels/8.0/sets/toy_any/?format=json"
    assert client.get(there).status_code == 200
    assert client.get(f"{page}?on=8.11").status_code == 404
    offered = set(re.findall(r"<option[^>]*>([^<]*)</option>", client.get(page).text))
    assert offered == {row.name for row in Kernel.objects.filter(sets__set_id="toy_any")}


def test_addresses_call_a_kernel_nothing_but_kernel() -> None:
    routes = [str(route.pattern) for route in get_resolver("kfmap.web.urls").url_patterns]
    assert "kernels/<str:kernel>/" in routes
    assert not [route for route in routes if route.startswith("kernels/") and ":name>" in route]
