"""The review of an object in the API: the same rules as on its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kfmap.api.models import create_token
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_reviewing import check
from tests.verifier.spaces.test_space_pages import as_
from verifier.records.models import Review, Submission, Waiver
from verifier.spaces.models import AuditEntry, Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    """Make a private space whose object 7.2 refuses."""
    team = create_team()
    check(team, "7.2", "not_allowed")
    return team


def address(team: Team) -> str:
    return f"/api/objects/{team.object.sha256}/"


def standing(team: Team, name: str = "reader") -> Any:
    return as_(team, name).get(f"{address(team)}reviews/").json()


def test_finding_is_waived_and_the_object_signed_off(team: Team) -> None:
    client, reviews = as_(team, "reviewer"), f"{address(team)}reviews/"
    before = standing(team)
    assert before["state"] == "needs review"
    (open_finding,) = before["unwaived"]
    refused = client.post(reviews, {"decision": "signed_off"})
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert "Waive it first" in refused.json()["detail"]
    day = (timezone.now() + timedelta(days=3)).date().isoformat()
    waiver = {"fingerprint": open_finding["fingerprint"], "reason": "only in tests", "until": day}
    waived = client.post(f"{address(team)}waivers/", waiver)
    assert waived.status_code == 201
    assert waived.json()["unwaived"] == []
    assert client.post(f"{address(team)}waivers/", waiver).status_code == 409, "it has one"
    late = client.post(reviews, {"decision": "signed_off", "mark": "0" * 64})
    assert "look again" in late.json()["detail"]
    done = client.post(reviews, {"decision": "signed_off", "mark": waived.json()["mark"]})
    assert (done.status_code, done.json()["state"]) == (201, "approved")
    assert AuditEntry.objects.filter(what__in=("waiver", "review")).count() == 2
    (row,) = done.json()["waivers"]
    assert client.delete(f"{address(team)}waivers/{row['id']}/").status_code == 204
    assert standing(team)["state"] == "needs review"
    assert Waiver.objects.get().withdrawn_at


def test_verdicts_are_asked_for_once_where_nobody_said_a_word(team: Team) -> None:
    client = as_(team, "reviewer")

    def asked() -> tuple[int, list[dict[str, Any]]]:
        with CaptureQueriesContext(connection) as queries:
            said = client.get(address(team)).json()["reviews"]
        return sum("SELECT DISTINCT" in row["sql"] for row in queries), said

    assert asked() == (0, [])
    client.post(f"{address(team)}reviews/", {"decision": "changes", "text": "No."})
    count, (review,) = asked()
    assert count > 0
    assert review["changes"] == []


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        ("reviews/", {"decision": "maybe"}, "decision"),
        ("reviews/", {"decision": "changes"}, "text"),
        ("waivers/", {"fingerprint": "x", "reason": "r", "until": "2020-01-01"}, "until"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    team: Team, path: str, sent: dict[str, str], field: str
) -> None:
    answer = as_(team, "reviewer").post(f"{address(team)}{path}", sent)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_what_has_no_fields_is_refused_with_a_sentence(team: Team) -> None:
    client = as_(team, "reviewer")
    for sent in ("[1]", '"text"', "7"):
        for path in ("reviews/", "waivers/"):
            answer = client.post(f"{address(team)}{path}", sent, content_type="application/json")
            assert (answer.status_code, path) == (400, path), answer.content


def test_who_may_not_decide_is_told_so(team: Team) -> None:
    for name, status in (("submitter", 403), ("outsider", 404)):
        client = as_(team, name)
        for path in ("reviews/", "waivers/"):
            sent = {"decision": "rejected", "text": "no"}
            assert client.post(f"{address(team)}{path}", sent).status_code == status, name
    assert not Review.objects.exists()


def test_token_of_one_space_decides_in_no_other(team: Team) -> None:
    reviewer = team.user("reviewer")
    own = Space.objects.personal(reviewer)
    Submission.objects.create(user=reviewer, space=own).files.create(
        name="mine.o", object=team.object
    )
    token = create_token(reviewer, "CI", ["read", "submit"], 3, own)
    headers = {"Authorization": f"Bearer {token}"}
    sent = {"decision": "remark", "text": "here"}
    answer = Client().post(f"{address(team)}reviews/", sent, headers=headers)
    assert answer.status_code == 403
    assert not Review.objects.exists()


def test_token_of_a_space_reviews_there_though_its_owner_may_do_more_elsewhere(
    team: Team,
) -> None:
    person = team.user("submitter")
    own = Space.objects.personal(person)
    Submission.objects.create(user=person, space=own).files.create(name="my.o", object=team.object)
    clients = {
        space.slug: Client(headers={"authorization": f"Bearer {text}"})
        for space in (team.space, own)
        for text in [create_token(person, "CI", ["read", "submit", "review"], 9, space)]
    }
    path = f"{address(team)}reviews/"
    for slug, client in clients.items():
        assert client.get(path).json()["space"] == slug
        told = client.post(path, {"decision": "remark", "text": f"in {slug}"})
        assert (told.status_code, told.json()["space"]) == (201, slug)
    decided = {"decision": "changes", "text": "well"}
    assert clients[team.space.slug].post(path, decided).status_code == 403
    assert clients[own.slug].post(path, decided).status_code == 201
    kept = {(row.space, row.text) for row in Review.objects.all()}
    assert kept == {(team.space, "in team"), (own, f"in {own.slug}"), (own, "well")}


@pytest.fixture
def elsewhere(team: Team) -> Space:
    """Have an outsider sign the same bytes off in a space of theirs that all accounts see."""
    space = Space.objects.create(slug="elsewhere", name="Elsewhere", visibility="accounts")
    space.memberships.create(user=team.user("outsider"), role="maintainer")
    sent = Submission.objects.create(user=team.user("outsider"), space=space, branch="theirs")
    sent.files.create(name="theirs.bpf.o", object=team.object)
    Review.objects.create(
        object=team.object,
        author=team.user("outsider"),
        space=space,
        decision="signed_off",
        seen={"7.2": "refused"},
    )
    return space


@pytest.mark.usefixtures("elsewhere")
def test_decision_in_another_space_decides_nothing_here(team: Team) -> None:
    said = standing(team, "reviewer")
    assert (said["space"], said["state"]) == ("team", "needs review")
    page = as_(team, "reviewer").get(f"/objects/{team.object.sha256}/").content.decode()
    assert '<a href="#reviews">' not in page.partition("<h2>")[0]
    listed = as_(team, "reviewer").get(team.space.get_absolute_url()).content.decode()
    assert "team.bpf.o" in listed
    assert "outsider" not in listed


def test_token_of_a_space_is_told_no_word_of_other_spaces(team: Team, elsewhere: Space) -> None:
    person = team.user("reviewer")
    of_team, of_all = (
        Client(
            headers={"authorization": f"Bearer {create_token(person, 'CI', ['read'], 9, space)}"}
        )
        for space in (team.space, None)
    )
    for path in ("", "report/?format=markdown", "reviews/"):
        told, hidden = (c.get(address(team) + path).content.decode() for c in (of_all, of_team))
        assert "outsider" in told, path
        assert "outsider" not in hidden, path
    (row,) = of_team.get("/api/objects/").json()["results"]
    assert row["name"] == "team.bpf.o", "its name in the space of the token"


def test_token_of_a_space_does_only_what_its_owner_may_there(team: Team, elsewhere: Space) -> None:
    text = create_token(team.user("submitter"), "CI", ["read", "submit"], 9, elsewhere)
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.get(address(team)).status_code == 200
    assert client.post(f"{address(team)}check/").status_code == 403
    assert client.post(f"{address(team)}opinions/", {"kernels": ["7.2"]}).status_code == 403
