"""Every error under /api/ is a problem as RFC 9457 has it, whoever answers it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"] and body["detail"] and body["type"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/nothing/here/", 404),
        ("get", "/api/kernels/9.9/matrix/", 404),
        ("get", "/api/submissions/1/", 401),
        ("delete", "/api/kernels/", 405),
        ("post", "/api/", 405),
        ("post", "/api/objects/", 401),
        ("get", f"/api/objects/{'0' * 64}/events/", 401),
    ],
)
def test_errors_are_problems(client: Client, method: str, path: str, status: int) -> None:
    problem(getattr(client, method)(path), status)


@pytest.mark.parametrize("path", ["?name=toy%00", "?kfunc=%00", "%00/", "?%00=1"])
def test_null_characters_are_refused(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert "NUL" in problem(client.get(f"/api/objects/{path}"), 400)["detail"]
    page = client.get("/search/%00?q=%00").content.decode()
    assert "NUL" in page and "Back to the form" not in page  # it would be refused again


def test_405_names_the_methods(client: Client) -> None:
    assert "GET" in client.delete("/api/kernels/")["Allow"]
    assert "GET" in client.post("/api/")["Allow"]


def test_fields_have_their_sentences(client: Client) -> None:
    body = problem(client.post("/api/kernels/x/can-call/", {}, "application/json"), 400)
    assert body["errors"] == {
        "context": ["This field is required."],
        "kfunc": ["This field is required."],
    }
    assert "kfunc: This field is required." in body["detail"]


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "\x00"])
def test_bodies_that_are_no_question_are_problems(client: Client, body: str) -> None:
    problem(client.post("/api/kernels/x/can-call/", body, "application/json"), 400)


def test_fault_of_the_server_is_a_problem(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("kfmap.api.views.load_kernel", fail)
    client.raise_request_exception = False
    body = problem(client.get("/api/kernels/6.1/matrix/"), 500)
    assert "secret" not in str(body)


def test_form_from_elsewhere_is_a_problem(settings: Settings) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ada"))
    problem(client.post("/api/objects/", {}), 403)


def test_locked_out_answer_says_so_and_for_how_long(client: Client, settings: Settings) -> None:
    User.objects.create_user("ada", password="right-password")

    def ask(password: str) -> Any:
        words = b64encode(f"ada:{password}".encode()).decode()
        return client.get("/api/objects/", headers={"Authorization": f"Basic {words}"})

    assert ask("right-password").status_code == 200
    answers = [ask("wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert {answer.status_code for answer in answers[:-1]} == {401}
    for answer in (answers[-1], ask("right-password")):
        assert "locked out from here for an hour" in problem(answer, 429)["detail"]
        assert answer["Retry-After"] == "3600"


def test_pages_outside_are_no_problems(client: Client) -> None:
    assert client.get("/nothing/").headers["Content-Type"].startswith("text/html")
