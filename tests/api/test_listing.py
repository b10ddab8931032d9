"""Lists in pages, filters, ETags and rates."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.shared import share
from verifier.records.models import BpfObject, Call, Program

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy() -> None:
    caches["own"].clear()
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada"))
    return client


def create_objects(count: int) -> None:
    for at in range(count):
        obj = share(BpfObject.objects.create(sha256=f"{at:064x}", file_name=f"o{at}.bpf.o", size=1))
        program = Program.objects.create(object=obj, position=0, name="p", section="xdp")
        kfunc = "toy_move" if at % 2 else "toy_now"
        row = {"program": program, "object": obj, "kfunc": kfunc}
        Call.objects.create(**row, weak=False, instruction=1, path=[])


def test_objects_come_in_pages(ada: Client) -> None:
    create_objects(5)
    body = ada.get("/api/objects/?page_size=2").json()
    assert (body["count"], body["previous"], len(body["results"])) == (5, None, 2)
    seen = [item["sha256"] for item in body["results"]]
    while body["next"]:
        body = ada.get(body["next"]).json()
        seen += [item["sha256"] for item in body["results"]]
    assert sorted(seen) == [f"{at:064x}" for at in range(5)]
    assert ada.get("/api/objects/?page=9").status_code == 404


def test_objects_are_found_by_name_and_kfunc(ada: Client) -> None:
    create_objects(4)
    (found,) = ada.get("/api/objects/?name=O3").json()["results"]
    assert found["name"] == "o3.bpf.o"
    found = ada.get("/api/objects/?kfunc=toy_move").json()["results"]
    assert {item["name"] for item in found} == {"o1.bpf.o", "o3.bpf.o"}


@pytest.mark.parametrize("few", [5000, 1])
def test_objects_are_the_same_however_many_their_reader_sees(
    ada: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    create_objects(6)
    monkeypatch.setattr("verifier.records.id_lists.LOOKED_AT", few)

    def names(query: str) -> list[str]:
        found = ada.get(f"/api/objects/?{query}").json()["results"]
        return [item["name"] for item in found]

    assert names("kfunc=toy_move") == ["o5.bpf.o", "o3.bpf.o", "o1.bpf.o"]
    assert names("kfunc=toy_move&name=O3") == ["o3.bpf.o"]
    assert names("kfunc=toy_move&name=o2") == []
    assert names("name=bpf&page_size=2&page=2") == ["o3.bpf.o", "o2.bpf.o"]
    assert names("page_size=4&page=2") == ["o1.bpf.o", "o0.bpf.o"]


def test_lists_are_counted_to_a_bound_and_turned_beyond_it(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_objects(5)
    monkeypatch.setattr("kfmap.api.listing._COUNTED", 3)
    for query in ("", "name=bpf&", "kfunc=toy_now&"):
        body = ada.get(f"/api/objects/?{query}page_size=1").json()
        assert (body["count"], body["count_is_exact"]) == (3, query == "kfunc=toy_now&")
    assert ada.get("/api/objects/?page_size=1&page=5").json()["next"] is None
    assert ada.get("/api/objects/?name=bpf&page_size=1&page=4").json()["next"]
    assert ada.get("/api/submissions/").json()["count_is_exact"] is False


@pytest.mark.parametrize("counted", [1000, 3])
@pytest.mark.parametrize("query", ["", "name=bpf&", "kfunc=toy_move&"])
def test_objects_are_read_forth_and_back_while_others_come_and_go(
    ada: Client, monkeypatch: pytest.MonkeyPatch, query: str, counted: int
) -> None:
    create_objects(20)
    monkeypatch.setattr("kfmap.api.listing._COUNTED", counted)
    page = ada.get(f"/api/objects/?{query}page_size=3").json()
    forth = [page["results"]]
    share(BpfObject.objects.create(sha256="f" * 64, file_name="new.bpf.o", size=1))
    BpfObject.objects.get(file_name="o19.bpf.o").delete()
    while page["next"]:
        page = ada.get(page["next"]).json()
        forth.append(page["results"])
    back = [page["results"]]
    while page["previous"]:
        page = ada.get(page["previous"]).json()
        back.insert(0, page["results"])
    every = [f"o{at}.bpf.o" for at in range(19, -1, -1)]
    calling = every[::2] if "kfunc" in query else every
    new = [] if "kfunc" in query else ["new.bpf.o"]
    assert [item["name"] for part in forth for item in part] == calling
    assert [item["name"] for part in back for item in part] == [*new, *calling[1:]]


@pytest.mark.parametrize("cursor", ["x", "older-", "newer-x", "older--1", "older-²", "1"])
def test_cursor_that_is_none_is_404(ada: Client, cursor: str) -> None:
    assert ada.get("/api/objects/", {"cursor": cursor}).status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "99999999999999999999", "²"])
def test_page_that_there_is_not_is_404(ada: Client, page: str) -> None:
    assert ada.get(f"/api/objects/?page={page}").status_code == 404


def test_list_costs_the_same_for_any_number(
    ada: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    create_objects(30)
    with django_assert_max_num_queries(7):
        assert len(ada.get("/api/objects/").json()["results"]) == 30


def test_kfuncs_are_found_by_name_set_and_flag(client: Client) -> None:
    address = "/api/kernels/toy/kfuncs/"
    everything = client.get(address).json()
    assert everything["count"] == len(create_toy_kernel().kfuncs)
    row = everything["results"][0]
    assert row["sets"]
    by_set = client.get(address, {"set": row["sets"][0]}).json()["results"]
    assert row["name"] in {item["name"] for item in by_set}
    assert all(row["sets"][0] in item["sets"] for item in by_set)
    assert client.get(address, {"flag": "KF_DESTRUCTIVE"}).json()["count"] == 0
    assert client.get(address, {"name": row["name"]}).json()["count"] >= 1


@pytest.mark.parametrize(
    "path", ["kernels/", "kernels/toy/matrix/", "kernels/toy/kfuncs/", "schema/"]
)
def test_unchanged_answer_costs_a_304(client: Client, path: str) -> None:
    first = client.get(f"/api/{path}")
    again = client.get(f"/api/{path}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_rates_are_said_in_headers(client: Client) -> None:
    first, second = (client.get("/api/kernels/") for _ in range(2))
    assert re.fullmatch(r'"anon";q=\d+;w=60', first["RateLimit-Policy"])
    left = [int(re.findall(r"r=(\d+);t=\d+", item["RateLimit"])[0]) for item in (first, second)]
    assert left[0] == left[1] + 1


def test_answer_that_is_too_many_says_when_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfmap.api.throttles.AnyoneThrottle.rate", "1/min", raising=False)
    client.get("/api/kernels/")
    answer = client.get("/api/kernels/")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert ";r=0;" in answer["RateLimit"]
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "candidates"),
    [
        ("kernels/toy/kfuncs/?set=toy_an", ["toy_any"]),
        ("kernels/toy/kfuncs/?flag=KF_SLEEPING", ["KF_SLEEPABLE"]),
        ("kernels/toy/matrix/?kind=helpers", ["helper"]),
        ("rechecks/?state=ended", None),
        ("submissions/?space=nowhere", None),
        ("submissions/?own=yes", ["1", "true", "0", "false"]),
    ],
)
def test_a_value_that_a_parameter_cannot_have_is_said(
    ada: Client, path: str, candidates: list[str] | None
) -> None:
    """They had found nothing, or been passed over: a typing error looked like an answer."""
    answer = ada.get(f"/api/{path}")
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["detail"].startswith("There is no ")
    assert candidates is None or problem["candidates"] == candidates


def test_what_is_not_asked_for_may_be_said(ada: Client) -> None:
    assert ada.get("/api/submissions/?own=false").status_code == 200
