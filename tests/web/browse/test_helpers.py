"""Helpers beside kfuncs: lists, pages, matrices, answers, search and exports."""

from __future__ import annotations

import csv
import json

import pytest
from django.test import Client
from django.urls import reverse

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db
HELPER = "bpf_map_lookup_elem"


@pytest.fixture(autouse=True)
def old_kernel() -> None:
    """Put the smallest bundled kernel into the map: its facts have helpers."""
    [kernel] = [item for item in find_bundled() if item.name == "6.1"]
    save_kernel(kernel.read_facts(), None)


def read_csv(client: Client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(client.get(address).text.splitlines()))


def test_the_list_has_both_kinds_and_either(client: Client) -> None:
    page = reverse("kfuncs", args=["6.1"])
    assert {row["kind"] for row in read_csv(client, f"{page}?format=csv")} == {"kfunc", "helper"}
    helpers = read_csv(client, f"{page}?kind=helper&format=csv")
    assert {row["kind"] for row in helpers} == {"helper"}
    found = {row["kfunc"]: int(row["contexts"]) for row in helpers}
    assert found[HELPER] > found["bpf_xdp_adjust_head"] > 0
    shown = client.get(f"{page}?kind=helper").text
    assert reverse("kfunc", args=["6.1", HELPER]) in shown
    assert client.get(f"{page}?kind=nothing").status_code == 404


def test_a_helper_has_a_page(client: Client) -> None:
    page = client.get(reverse("kfunc", args=["6.1", "bpf_xdp_adjust_head"]))
    assert "A helper, on Linux 6.1" in page.text
    assert reverse("context", args=["6.1", "xdp"]) in page.text
    assert client.get(reverse("any-kfunc", args=[HELPER])).status_code == 302


@pytest.mark.parametrize(("kind", "kinds"), [("helper", {"helper"}), ("all", {"kfunc", "helper"})])
def test_matrices_are_of_the_kind_asked_for(client: Client, kind: str, kinds: set[str]) -> None:
    page = reverse("matrix", args=["6.1"])
    rows = read_csv(client, f"{page}?kind={kind}&format=csv")
    assert {row["kind"] for row in rows} == kinds
    [lookup] = [row for row in rows if row["kfunc"] == HELPER]
    assert lookup["xdp"] == "allowed"
    body = json.loads(client.get(f"{reverse('matrix-data', args=['6.1'])}?kind={kind}").content)
    assert HELPER in [name for name, _ in body["kfuncs"]]
    assert f'value="{kind}" selected' in client.get(f"{page}?kind={kind}").text
    exported = json.loads(client.get(f"{page}?kind={kind}&format=json").content)
    assert set(exported["kinds"]) == kinds
    column = [item["name"] for item in exported["contexts"]].index("xdp")
    assert exported["outcomes"][column][exported["kfuncs"].index(HELPER)] == "A"


def test_a_matrix_without_a_kind_is_that_of_kfuncs(client: Client) -> None:
    page = reverse("matrix", args=["6.1"])
    rows = read_csv(client, f"{page}?format=csv")
    assert "kind" not in rows[0]
    assert HELPER not in {row["kfunc"] for row in rows}


def test_the_answer_says_that_it_is_about_a_helper(client: Client) -> None:
    asked = {"kernel": "6.1", "context": "xdp", "kfunc": HELPER}
    answer = client.get(reverse("can-call"), {**asked, "format": "json"}).json()
    assert (answer["outcome"], answer["kind"]) == ("allowed", "helper")
    assert '<span class="chip">helper</span>' in client.get(reverse("can-call"), asked).text
    api = client.get(reverse("api-can-call", args=["6.1"]), asked).json()
    assert (api["outcome"], api["kind"]) == ("allowed", "helper")


def test_contexts_callbacks_search_and_completion_have_helpers(client: Client) -> None:
    rows = read_csv(client, f"{reverse('context', args=['6.1', 'xdp'])}?format=csv")
    words = {row["kfunc"]: row["outcome"] for row in rows if row["kind"] == "helper"}
    assert words["bpf_xdp_adjust_head"] == "allowed"
    assert words["bpf_skb_store_bytes"] == "refused"
    member = reverse("member", args=["6.1", "tcp_congestion_ops", "ssthresh"])
    assert reverse("kfunc", args=["6.1", "bpf_tcp_send_ack"]) in client.get(member).text
    found = client.get(reverse("search"), {"q": "xdp_adjust"}).text
    assert reverse("kfunc", args=["6.1", "bpf_xdp_adjust_head"]) in found
    assert HELPER in client.get(reverse("names", args=["6.1"])).json()["helpers"]
    names = client.get(reverse("search-names")).json()["names"]
    assert ["socket", "section name", "/kernels/6.1/contexts/socket_filter/"] in names
    assert [HELPER, "helper", reverse("kfunc", args=["6.1", HELPER])] in names


def test_the_api_gives_matrices_of_helpers(client: Client) -> None:
    address = reverse("api-matrix", args=["6.1"])
    assert set(client.get(address, {"kind": "helper"}).json()["kinds"]) == {"helper"}
    assert client.get(address, {"kind": "nothing"}).status_code == 400


def test_helpers_are_unknown_on_a_kernel_of_which_only_kfuncs_are_known(client: Client) -> None:
    save_kernel(create_toy_kernel(), None)
    answer = client.get(reverse("can-call"), {"kernel": "6.1", "context": "xdp", "kfunc": HELPER})
    words = {item.kernel: item.word for item in answer.context["answer"].elsewhere}
    assert words == {"6.1": "allowed", "small": "unknown"}
    page = client.get(reverse("kfunc", args=["6.1", HELPER]))
    assert page.text.count("not known</span></td>") == len(page.context["grid"])
    missing = client.get(reverse("kfunc", args=["small", HELPER]))
    assert missing.status_code == 404
    assert "of Linux small, kfmap knows kfuncs only. 6.1 has it." in missing.text
    compared = reverse("changes", args=["small", "6.1"])
    for kind in ("helper", "all"):
        shown = client.get(f"{compared}?kind={kind}").text
        assert "Of small, kfmap knows kfuncs only: helpers are not compared." in shown
        assert "helpers added" not in shown and HELPER not in shown
        assert ("format=csv" in shown) == (kind == "all")
    empty = [compared, *(reverse(page, args=["small"]) for page in ("kfuncs", "matrix"))]
    for address in (*empty, reverse("api-matrix", args=["small"])):
        refused = client.get(f"{address}?kind=helper&format=csv")
        assert refused.status_code == 404
        assert "Of small, kfmap knows kfuncs only, and no helpers." in refused.text
    assert client.get(f"{compared}?kind=all&format=csv").status_code == 200


def test_two_kernels_are_compared_by_their_helpers(client: Client) -> None:
    [newer] = [item for item in find_bundled() if item.name == "6.12"]
    save_kernel(newer.read_facts(), None)
    page = reverse("changes", args=["6.1", "6.12"])
    rows = read_csv(client, f"{page}?kind=helper&format=csv")
    assert rows and {row["kfunc"][:4] for row in rows} == {"bpf_"}
    assert "bpf_cgroup_release" not in {row["kfunc"] for row in rows}  # a kfunc
    both = read_csv(client, f"{page}?kind=all&format=csv")
    assert len(both) == len(rows) + len(read_csv(client, f"{page}?format=csv"))
    shown = client.get(f"{page}?kind=helper").text
    assert f"{len(rows)} of " in shown and "Helpers</th>" in shown
    assert 'href="?kind=helper&amp;format=csv"' in shown
    assert client.get(f"{page}?kind=helper&format=xlsx").status_code == 200
    assert client.get(f"{page}?kind=nothing").status_code == 404
    chosen = client.get(reverse("compare"), {"old": "6.1", "new": "6.12", "kind": "helper"})
    assert chosen["Location"] == f"{page}?kind=helper"
