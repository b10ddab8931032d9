"""The API: its answers, its refusals, its description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from kfmap.catalogue.store import load_kernel, save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.shared import share
from verifier.engine.reports import RENDERERS
from verifier.records.models import BpfObject, Review

pytestmark = pytest.mark.django_db

DISPATCH = "struct_ops:toy_ops.dispatch"


@pytest.fixture(autouse=True)
def toy(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Put the toy kernel into the map; keep uploads in a folder of the test."""
    settings.KFMAP_DATA_DIR = tmp_path
    save_kernel(replace(create_toy_kernel(), name="toy"), None)
    yield
    caches["own"].clear()


def get(client: Client, path: str, **query: str) -> tuple[int, Any]:
    """Return status and JSON of an answer."""
    answer = client.get(f"/api/{path}", query)
    return answer.status_code, answer.json()


def test_kernels_are_listed_without_login(client: Client) -> None:
    status, (kernel,) = get(client, "kernels/")
    assert status == 200
    assert kernel["name"] == "toy"
    assert kernel["facts_sha256"] == load_kernel("toy").facts_hash


def test_question_is_answered_by_short_name_and_by_object(client: Client) -> None:
    _, by_name = get(client, "kernels/toy/can-call/", context=DISPATCH, kfunc="toy_move")
    record = {
        "program_type": "BPF_PROG_TYPE_STRUCT_OPS",
        "struct_ops": "toy_ops",
        "member": "dispatch",
    }
    by_object = client.post(
        "/api/kernels/toy/can-call/",
        json.dumps({"context": record, "kfunc": "toy_move"}),
        content_type="application/json",
    ).json()
    assert by_name["verdict"] == "allowed"
    assert by_object == by_name


def test_question_costs_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    load_kernel("toy")
    with django_assert_num_queries(1):
        get(client, "kernels/toy/can-call/", context=DISPATCH, kfunc="toy_move")


@pytest.mark.parametrize(
    ("path", "query", "status", "part"),
    [
        ("kernels/7.2/can-call/", {"context": "xdp", "kfunc": "x"}, 404, "it has toy"),
        ("kernels/toy/can-call/", {"context": "xdq", "kfunc": "x"}, 400, "near it: xdp"),
        ("kernels/toy/can-call/", {"context": "xdp"}, 400, "required"),
        ("kernels/toy/can-call/", {"context": "x" * 5000, "kfunc": "x"}, 400, "500 characters"),
        ("kernels/7.2/matrix/", {}, 404, "it has toy"),
    ],
)
def test_wrong_question_is_explained(
    client: Client, path: str, query: dict[str, str], status: int, part: str
) -> None:
    answer = get(client, path, **query)
    assert answer[0] == status
    assert part in json.dumps(answer[1])


def test_matrix_has_the_form_of_the_export(client: Client) -> None:
    _, body = get(client, "kernels/toy/matrix/")
    assert body["version"] == 1
    assert len(body["verdicts"]) == len(body["contexts"])


def test_questions_are_throttled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfmap.api.throttles.AnyoneThrottle.rate", "3/min", raising=False)
    statuses = [get(client, "kernels/")[0] for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_upload_needs_an_account(client: Client) -> None:
    assert client.post("/api/objects/").status_code in (401, 403)
    assert client.get(f"/api/objects/{'0' * 64}/").status_code in (401, 403)


def test_upload_says_what_became_of_each_file(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00\xf7\x00"
    answer = client.post(
        "/api/objects/",
        {
            "objects": [
                SimpleUploadedFile("a.bpf.o", header),
                SimpleUploadedFile("b.bpf.o", b"no"),
            ]
        },
    )
    assert answer.status_code == 202
    taken, refused = answer.json()
    assert refused["problem"].startswith("Not taken: ")
    found = client.get(taken["url"]).json()
    assert found["job"]["state"] == "queued"
    assert found["report"]["version"] == 1
    assert found["reviews"] == []


def test_result_says_who_signed_off_and_what_changed_since(client: Client) -> None:
    ada = User.objects.create_user("ada")
    client.force_login(ada)
    obj = share(BpfObject.objects.create(sha256="5" * 64, file_name="a.bpf.o", size=1))
    seen = {"toy": "passes"}
    Review.objects.create(object=obj, author=ada, decision="signed_off", text="ok", seen=seen)
    Review.objects.create(object=obj, author=None, decision="remark", text="and")
    remark, review = client.get(f"/api/objects/{obj.sha256}/").json()["reviews"]
    assert (review["decision"], review["author"], review["text"]) == ("signed_off", "ada", "ok")
    assert review["changes"] == [{"kernel": "toy", "before": "passes", "after": ""}]
    assert (remark["author"], remark["changes"]) == (None, [])


def test_upload_of_nothing_is_refused(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert client.post("/api/objects/", {}).status_code == 400


def test_description_covers_every_address(client: Client) -> None:
    schema = client.get("/api/schema/?format=json").json()
    jsonschema.Draft202012Validator.check_schema(schema["components"]["schemas"]["Answer"])
    assert set(schema["paths"]) == {
        "/api/compare/{old}/{new}/report/",
        "/api/data/",
        "/api/evidence/",
        "/api/inbox/",
        "/api/invitations/{token}/",
        "/api/kernels/",
        "/api/kernels/add/",
        "/api/kernels/add/{id}/",
        "/api/kernels/mine/",
        "/api/kernels/{kernel}/can-call/",
        "/api/kernels/{kernel}/kfuncs/",
        "/api/kernels/{kernel}/matrix/",
        "/api/kernels/{kernel}/report/",
        "/api/objects/",
        "/api/objects/{sha256}/",
        "/api/objects/{sha256}/badge/{kernel}.svg",
        "/api/objects/{sha256}/cancel/",
        "/api/objects/{sha256}/check/",
        "/api/objects/{sha256}/events/",
        "/api/objects/{sha256}/opinions/",
        "/api/objects/{sha256}/park/",
        "/api/objects/{sha256}/report/",
        "/api/objects/{sha256}/reviewers/",
        "/api/objects/{sha256}/reviews/",
        "/api/objects/{sha256}/since/{before}/report/",
        "/api/objects/{sha256}/versions/",
        "/api/objects/{sha256}/waivers/",
        "/api/objects/{sha256}/waivers/{id}/",
        "/api/rechecks/",
        "/api/rechecks/{id}/",
        "/api/rechecks/{id}/cancel/",
        "/api/rechecks/{id}/resume/",
        "/api/schema/",
        "/api/schemas/{name}.json",
        "/api/spaces/",
        "/api/spaces/{slug}/",
        "/api/spaces/{slug}/audit/",
        "/api/spaces/{slug}/badges/{name}/{kernel}.svg",
        "/api/spaces/{slug}/invitations/",
        "/api/spaces/{slug}/invitations/{id}/",
        "/api/spaces/{slug}/members/",
        "/api/spaces/{slug}/members/{user}/",
        "/api/spaces/{slug}/policies/",
        "/api/spaces/{slug}/policies/{policy}/",
        "/api/spaces/{slug}/report/",
        "/api/spaces/{slug}/waivers/",
        "/api/spaces/{slug}/webhooks/",
        "/api/spaces/{slug}/webhooks/{id}/",
        "/api/spaces/{slug}/webhooks/{id}/deliveries/",
        "/api/spaces/{slug}/webhooks/{id}/deliveries/{delivery}/again/",
        "/api/submissions/",
        "/api/submissions/{submission_id}/",
        "/api/submissions/{submission_id}/report/",
        "/api/tokens/",
        "/api/tokens/{id}/",
    }


def test_report_of_an_object_in_every_format(client: Client) -> None:
    obj = share(BpfObject.objects.create(sha256="a" * 64, file_name="toy.bpf.o", size=1))
    address = f"/api/objects/{obj.sha256}/report/"
    assert client.get(address).status_code in (401, 403)
    client.force_login(User.objects.create_user("ada"))
    for name, renderer in RENDERERS.items():
        answer = client.get(address, {"format": name})
        assert answer.status_code == 200, answer.content
        assert answer["Content-Type"].partition(";")[0] == renderer.media_type
    assert client.get(address, {"format": "docx"}).status_code == 404


@pytest.mark.parametrize("path", ["kernels/toy/report/", "compare/toy/toy/report/"])
def test_reports_on_kernels_are_open_to_everybody(client: Client, path: str) -> None:
    assert get(client, path)[1]["version"] == 1
    assert client.get(f"/api/{path}?format=pdf").content.startswith(b"%PDF-")
    assert client.get(f"/api/{path}?format=docx").status_code == 404
