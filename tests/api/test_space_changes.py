"""Spaces over the API: made, renamed, set up, ended; members, roles and invitations."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kfmap.api.models import create_token
from tests.reports.opening import read_workbook
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.records.models import BpfObject, Job
from verifier.spaces.models import AuditEntry, Invitation, Notice, Space
from verifier.spaces.roles import Role

pytestmark = pytest.mark.django_db
SPACE = "/api/spaces/team/"


@pytest.fixture
def team() -> Team:
    """Make a private space."""
    return create_team()


def patch(client: Client, path: str, sent: dict[str, Any]) -> Any:
    return client.patch(path, sent, content_type="application/json")


def test_space_is_made_renamed_and_ended(team: Team) -> None:
    client = as_(team, "outsider")
    made = client.post("/api/spaces/", {"slug": "fleet", "name": "Fleet"})
    assert (made.status_code, made.json()["role"]) == (201, "maintainer")
    assert made.json()["visibility"] == "private"
    assert client.post("/api/spaces/", {"slug": "fleet", "name": "Again"}).status_code == 400
    address = made.json()["url"]
    changed = patch(client, address, {"name": "The fleet", "retention_days": 30}).json()
    assert (changed["name"], changed["retention_days"], changed["about"]) == ("The fleet", 30, "")
    assert patch(client, address, {"retention_days": None}).json()["retention_days"] is None
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    told = AuditEntry.objects.filter(space_name="fleet").order_by("pk")
    assert [row.what for row in told] == [
        "space made",
        "settings changed",
        "settings changed",
        "space deleted",
    ]
    assert told[1].data == {"fields": ["name", "retention_days"]}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"visibility": "moon"}, "visibility"),
        ({"retention_days": 0}, "retention_days"),
        ({"kernels": ["9.9"]}, "kernels"),
        ({"kernels": "9.9"}, "kernels"),
        ({"name": ""}, "name"),
    ],
)
def test_setting_that_cannot_be_is_said_beside_its_field(
    team: Team, sent: dict[str, Any], field: str
) -> None:
    answer = patch(as_(team, "maintainer"), SPACE, sent)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_address_that_means_something_else_is_refused(team: Team) -> None:
    answer = as_(team, "reader").post("/api/spaces/", {"slug": "new", "name": "New"})
    assert "slug" in answer.json()["errors"]
    assert not Space.objects.filter(name="New").exists()


def test_personal_space_stays(team: Team) -> None:
    own = Space.objects.personal(team.user("reader"))
    assert as_(team, "reader").delete(f"/api/spaces/{own.slug}/").status_code == 409
    assert Space.objects.filter(pk=own.pk).exists()


def test_list_asks_the_same_number_of_queries_for_many_spaces(
    team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reader = team.user("reader")
    for number in range(20):
        space = Space.objects.create(slug=f"s{number}", name="S")
        space.memberships.create(user=reader, role=Role.SUBMITTER)
    client = as_(team, "reader")
    with django_assert_num_queries(5):  # session, person, count, rows, roles
        rows = client.get("/api/spaces/").json()["results"]
    roles = {row["slug"]: row["role"] for row in rows}
    assert (len(roles), roles["s7"], roles["team"]) == (21, "submitter", "reader")


def test_member_gets_another_role_and_goes(team: Team) -> None:
    client = as_(team, "maintainer")
    listed = client.get(f"{SPACE}members/").json()["results"]
    assert {"user": "reader", "role": "reader"} in listed
    changed = patch(client, f"{SPACE}members/reader/", {"role": "reviewer"})
    assert changed.json() == {"user": "reader", "role": "reviewer"}
    assert patch(client, f"{SPACE}members/reader/", {"role": "king"}).status_code == 400
    assert client.delete(f"{SPACE}members/reader/").status_code == 204
    assert as_(team, "reader").get(SPACE).status_code == 404
    assert client.delete(f"{SPACE}members/reader/").status_code == 404
    assert set(AuditEntry.objects.values_list("what", flat=True)) == {
        "role changed",
        "member removed",
    }


def test_everybody_may_leave_but_the_last_maintainer(team: Team) -> None:
    assert as_(team, "reader").delete(f"{SPACE}members/submitter/").status_code == 403
    assert as_(team, "reader").delete(f"{SPACE}members/reader/").status_code == 204
    for step in (
        as_(team, "maintainer").delete(f"{SPACE}members/maintainer/"),
        patch(as_(team, "maintainer"), f"{SPACE}members/maintainer/", {"role": "reader"}),
    ):
        assert step.status_code == 409
        assert "needs a maintainer" in step.json()["detail"]
    assert team.space.memberships.get(user__username="maintainer").role == Role.MAINTAINER


def test_members_are_told_to_members_alone(team: Team) -> None:
    Space.objects.filter(slug="team").update(visibility="public")
    for path in ("members/", "members/reader/"):
        assert as_(team, "outsider").get(f"{SPACE}{path}").status_code == 403


def test_invitation_is_made_listed_accepted_once_and_withdrawn(team: Team) -> None:
    client, address = as_(team, "maintainer"), f"{SPACE}invitations/"
    made = client.post(address, {"role": "submitter"})
    assert made.status_code == 201
    assert made.json()["link"].startswith("http://testserver/invitations/")
    token = made.json()["link"].split("/")[-2]
    (row,) = client.get(address).json()["results"]
    assert (row["role"], row["created_by"]) == ("submitter", "maintainer")
    assert token not in str(Invitation.objects.values()) + str(AuditEntry.objects.values())
    outsider, accept = as_(team, "outsider"), made.json()["url"]
    assert outsider.get(accept).json()["space"] == "team"
    assert outsider.post(accept).status_code == 200
    assert team.space.memberships.get(user__username="outsider").role == Role.SUBMITTER
    again = as_(team, "reader").post(accept)
    assert (again.status_code, again["Content-Type"]) == (404, "application/problem+json")
    assert "Ask for another" in again.json()["detail"]
    other = client.post(address, {"role": "reader"}).json()
    assert client.delete(f"{address}{other['id']}/").status_code == 204
    assert as_(team, "outsider").post(other["url"]).status_code == 404
    assert client.post(address, {"role": "king"}).status_code == 400


def test_token_of_one_space_changes_that_space_alone(team: Team) -> None:
    person = team.user("maintainer")
    other = Space.objects.create(slug="other", name="Other")
    other.memberships.create(user=person, role=Role.MAINTAINER)
    token = create_token(person, "CI", ["read", "manage"], 3, other)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    _, invitation = Invitation.objects.make(team.space, Role.READER, person)
    assert patch(client, "/api/spaces/other/", {"name": "Mine"}).status_code == 200
    assert patch(client, SPACE, {"name": "Mine"}).status_code == 404
    assert client.get(f"{SPACE}members/").status_code == 404
    assert client.post(f"{SPACE}invitations/", {"role": "reader"}).status_code == 404
    assert client.post("/api/spaces/", {"slug": "third", "name": "Third"}).status_code == 403
    assert client.post(f"/api/invitations/{invitation}/").status_code == 403
    submits = create_token(person, "CI", ["submit"], 3, other)
    for path in ("/api/kernels/mine/", "/api/evidence/"):
        headers = {"Authorization": f"Bearer {submits}"}
        answer = Client().post(path, {}, headers=headers)
        assert (answer.status_code, "is for one space" in answer.json()["detail"]) == (403, True)
    assert set(Space.objects.values_list("name", flat=True)) >= {"Team", "Mine"}


def test_token_without_the_scope_changes_nothing(team: Team) -> None:
    token = create_token(team.user("maintainer"), "CI", ["read", "submit"], 3)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    policy = {"name": "none", "text": "version: 1\nname: None\n"}
    review = {"decision": "rejected", "text": "no"}
    for answer, scope in (
        (patch(client, SPACE, {"name": "Mine"}), "manage"),
        (client.delete(f"{SPACE}members/reader/"), "manage"),
        (client.get(f"{SPACE}invitations/"), "manage"),
        (client.post(f"{SPACE}policies/", policy), "manage"),
        (client.get("/api/tokens/"), "manage"),
        (client.post(f"/api/objects/{team.object.sha256}/reviews/", review), "review"),
    ):
        assert answer.status_code == 403
        assert f"scope “{scope}”" in answer.json()["detail"]


def test_trail_is_exported_whole_and_no_text_of_it_is_a_formula(team: Team) -> None:
    for number in range(60):
        AuditEntry.objects.record(team.space, team.user("reader"), "upload", f"=1+{number}")
    client = as_(team, "maintainer")
    answer = client.get(f"{SPACE}audit/?format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert (len(rows), rows[0]["subject"]) == (60, "'=1+59")
    assert len(client.get(f"{SPACE}audit/?format=json").json()["entries"]) == 60
    sheets = read_workbook(client.get(f"{SPACE}audit/?format=xlsx").content)
    assert len(sheets["audit trail"]) == 61
    page = client.get("/spaces/team/audit/").content.decode()
    for chosen in re.findall(r'href="[?]format=(\w+)"', page):
        assert client.get(f"/spaces/team/audit/?format={chosen}").status_code == 200, chosen
    assert client.get(f"{SPACE}audit/?format=xml").status_code == 404
    assert as_(team, "reviewer").get(f"{SPACE}audit/?format=csv").status_code == 403


def test_reviewer_is_asked_and_told(team: Team) -> None:
    address = f"/api/objects/{team.object.sha256}/reviewers/"
    client = as_(team, "submitter")
    for _ in range(2):
        asked = client.post(address, {"reviewer": "reviewer"})
        assert (asked.status_code, asked.json()["reviewers"]) == (201, ["reviewer"])
    assert Notice.objects.get().user == team.user("reviewer")
    refused = client.post(address, {"reviewer": "reader"})
    assert refused.status_code == 400
    assert "maintainer, reviewer may" in refused.json()["detail"]


def test_check_is_put_aside_ended_and_begun_again(team: Team) -> None:
    address, client = f"/api/objects/{team.object.sha256}/", as_(team, "submitter")
    BpfObject.objects.update(read_at=None)
    assert client.post(f"{address}park/").status_code == 409
    assert client.post(f"{address}check/").json()["state"] == "queued"
    assert client.post(f"{address}park/").json()["state"] == "parked"
    assert client.post(f"{address}check/").json()["state"] == "queued"
    assert client.post(f"{address}cancel/").json()["state"] == "cancelled"
    assert client.post(f"{address}cancel/").status_code == 409
    assert as_(team, "reader").post(f"{address}check/").status_code == 403
    assert Job.objects.count() == 1


def test_uploads_are_listed_to_those_who_see_them(team: Team) -> None:
    (row,) = as_(team, "reader").get("/api/submissions/?space=team").json()["results"]
    assert (row["id"], row["by"], row["space"]) == (team.submission.pk, "submitter", "team")
    assert as_(team, "reader").get("/api/submissions/?own=true").json()["count"] == 0
    assert as_(team, "submitter").get("/api/submissions/?own=true").json()["count"] == 1
    assert as_(team, "outsider").get("/api/submissions/").json()["count"] == 0
