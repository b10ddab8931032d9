"""Tokens: made once, kept as a hash, good for their scopes, until they expire or are revoked."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from kfmap.api.models import PREFIX, ApiToken, create_token
from tests.verifier.spaces.people import create_team
from verifier.records.models import Submission
from verifier.spaces.models import Space
from verifier.spaces.roles import Role

pytestmark = pytest.mark.django_db

OBJECTS = "/api/objects/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def make(user: User, *scopes: str) -> str:
    return create_token(user, "CI", list(scopes), 30)


def test_token_reads_in_the_name_of_its_owner(client: Client, ada: User) -> None:
    text = make(ada, "read")
    assert client.get(OBJECTS, headers=bearer(text)).status_code == 200
    token = ApiToken.objects.get()
    assert token.last_used_at is not None
    used = token.last_used_at
    client.get(OBJECTS, headers=bearer(text))
    assert ApiToken.objects.get().last_used_at == used  # not a write for every request


def test_database_does_not_hold_the_token(ada: User) -> None:
    text = make(ada, "read")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM kfmap_api_apitoken")
        row = repr(cursor.fetchall())
    assert text not in row
    assert text.removeprefix(PREFIX)[10:] not in row


def test_token_without_the_scope_is_refused_by_name(client: Client, ada: User) -> None:
    file = SimpleUploadedFile("x.bpf.o", b"no")
    answer = client.post(OBJECTS, {"objects": file}, headers=bearer(make(ada, "read")))
    assert answer.status_code == 403
    assert "does not have the scope “submit”" in answer.json()["detail"]
    answer = client.get(OBJECTS, headers=bearer(make(ada, "submit")))
    assert "does not have the scope “read”" in answer.json()["detail"]


@pytest.mark.parametrize("how", ["expired", "revoked", "inactive", "unknown"])
def test_token_that_cannot_be_used_is_answered_401(client: Client, ada: User, how: str) -> None:
    text = make(ada, "read")
    if how == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "revoked":
        ApiToken.objects.get().revoke()
    elif how == "inactive":
        User.objects.update(is_active=False)
    answer = client.get(OBJECTS, headers=bearer("kfm_nothing" if how == "unknown" else text))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    said = {"expired": "is expired", "revoked": "is revoked"}
    assert said.get(how, "no such token") in answer.json()["detail"]


def test_page_shows_a_token_once_and_revokes_it(client: Client, ada: User) -> None:
    client.force_login(ada)
    made = client.post("/accounts/tokens/", {"name": "CI <b>", "scopes": ["read"], "days": "30"})
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    (text,) = set(re.findall(PREFIX + r"[\w-]{40,}", made.content.decode()))
    assert client.get(OBJECTS, headers=bearer(text)).status_code == 200
    page = client.get("/accounts/tokens/").content.decode()
    assert text not in page and "CI &lt;b&gt;" in page and text[:10] in page
    client.post(f"/accounts/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert Client().get(OBJECTS, headers=bearer(text)).status_code == 401
    assert "revoked" in client.get("/accounts/tokens/").content.decode()


def test_nobody_revokes_or_sees_the_token_of_another(client: Client, ada: User) -> None:
    make(ada, "read")
    client.force_login(User.objects.create_user("eve"))
    token = ApiToken.objects.get()
    assert client.post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    assert token.start not in client.get("/accounts/tokens/").content.decode()
    assert ApiToken.objects.get().state == "usable"


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": ["root"]}, {"scopes": []}, {"days": "10000"}]
)
def test_form_refuses_what_makes_no_sense(
    client: Client, ada: User, wrong: dict[str, object]
) -> None:
    client.force_login(ada)
    said = {"name": "CI", "scopes": ["read"], "days": "30", **wrong}
    assert client.post("/accounts/tokens/", said).status_code == 422
    assert not ApiToken.objects.exists()


def test_page_needs_a_session(client: Client, ada: User) -> None:
    assert client.get("/accounts/tokens/").status_code == 302
    assert client.get("/accounts/tokens/", headers=bearer(make(ada, "read"))).status_code == 302


def test_token_of_a_space_sees_and_sends_what_is_there_alone(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.KFMAP_DATA_DIR = tmp_path
    team, other = create_team(), Space.objects.create(slug="other", name="Other")
    person = team.user("submitter")
    other.memberships.create(user=person, role=Role.SUBMITTER)
    text = create_token(person, "CI", ["read", "submit"], 30, other)
    assert client.get(OBJECTS, headers=bearer(make(person, "read"))).json()["count"] == 1
    assert client.get(OBJECTS, headers=bearer(text)).json()["count"] == 0
    for path in (
        f"/api/objects/{team.object.sha256}/",
        f"/api/objects/{team.object.sha256}/report/",
        f"/api/objects/{team.object.sha256}/events/",
        f"/api/objects/{team.object.sha256}/opinions/",
        f"/api/submissions/{team.submission.pk}/",
        "/api/spaces/team/report/",
    ):
        assert client.get(path, headers=bearer(text)).status_code == 404, path
        assert client.get(path, headers=bearer(make(person, "read"))).status_code == 200, path
    file = {"objects": SimpleUploadedFile("x.bpf.o", b"no")}
    sent = client.post(OBJECTS, {**file, "space": "team"}, headers=bearer(text))
    assert sent.status_code == 400
    assert "is for the space “other”" in sent.json()["detail"]
    file = {"objects": SimpleUploadedFile("x.bpf.o", b"no")}
    assert client.post(OBJECTS, file, headers=bearer(text)).status_code == 202
    assert Submission.objects.get(files__name="x.bpf.o").space == other


def test_token_of_a_space_ends_with_the_membership(client: Client) -> None:
    team = create_team()
    person = team.user("submitter")
    text = create_token(person, "CI", ["read"], 30, team.space)
    assert client.get(OBJECTS, headers=bearer(text)).json()["count"] == 1
    team.space.memberships.filter(user=person).delete()
    answer = client.get(OBJECTS, headers=bearer(text))
    assert answer.status_code == 403
    assert "may see no more" in answer.json()["detail"]


def test_page_offers_the_spaces_that_one_may_see(client: Client) -> None:
    team = create_team()
    hidden = Space.objects.create(slug="hidden", name="Hidden")
    client.force_login(team.user("reader"))
    assert ">Team<" in client.get("/accounts/tokens/").content.decode()
    said = {"name": "CI", "scopes": ["read"], "days": "30"}
    assert client.post("/accounts/tokens/", {**said, "space": hidden.pk}).status_code == 422
    assert client.post("/accounts/tokens/", {**said, "space": team.space.pk}).status_code == 201
    assert ApiToken.objects.get().space == team.space


def test_token_is_made_listed_and_revoked_over_the_api(client: Client, ada: User) -> None:
    client.force_login(ada)
    sent = {"name": "CI", "scopes": ["read", "manage"], "days": 30}
    made = client.post("/api/tokens/", sent, content_type="application/json")
    assert made.status_code == 201
    text, number = made.json()["token"], made.json()["id"]
    assert text.startswith(PREFIX)
    by_token = Client(headers=bearer(text))
    (row,) = by_token.get("/api/tokens/?usable=true").json()["results"]
    assert (row["id"], row["state"], row["scopes"]) == (number, "usable", ["read", "manage"])
    assert "token" not in row
    other = Client()
    other.force_login(User.objects.create_user("eve"))
    assert other.get("/api/tokens/").json()["count"] == 0
    assert other.delete(f"/api/tokens/{number}/").status_code == 404
    assert by_token.delete(f"/api/tokens/{number}/").status_code == 204
    assert by_token.get("/api/tokens/").status_code == 401
    assert client.get(f"/api/tokens/{number}/").json()["state"] == "revoked"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"days": 366}, "days"),
        ({"days": 0}, "days"),
        ({"name": ""}, "name"),
        ({"space": "nowhere"}, "space"),
    ],
)
def test_token_that_cannot_be_is_refused_beside_its_field(
    client: Client, ada: User, wrong: dict[str, object], field: str
) -> None:
    client.force_login(ada)
    sent = {"name": "CI", "scopes": ["read"], "days": 30, **wrong}
    answer = client.post("/api/tokens/", sent, content_type="application/json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not ApiToken.objects.exists()


def test_token_makes_none_that_may_more_or_lives_longer_and_takes_its_own_along(
    ada: User,
) -> None:
    space = Space.objects.personal(ada)
    text = create_token(ada, "CI", ["read", "manage"], 10, space)
    client = Client(headers=bearer(text))

    def make(**said: object) -> tuple[int, dict[str, object]]:
        sent = {"name": "more", "scopes": ["read"], "days": 5, **said}
        answer = client.post("/api/tokens/", sent, content_type="application/json")
        return answer.status_code, answer.json()

    assert make(scopes=["read", "submit"])[0] == 403
    assert make(days=11)[0] == 403
    assert make(space="shared")[0] == 400
    status, made = make()
    assert (status, made["space"]) == (201, space.slug), "in no other space than its own"
    ApiToken.objects.get(name="CI").revoke()
    assert ApiToken.objects.get(name="more").state == "revoked"
