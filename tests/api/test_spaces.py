"""Spaces in the API: members, policies, waivers, audit trail, inbox, and the end of an upload."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kfmap.api.models import create_token
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_verdict
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_policies import DENIES
from tests.verifier.spaces.test_space_pages import as_
from verifier.records import store
from verifier.records.models import BpfObject, Waiver
from verifier.spaces.models import AuditEntry, Notice, PolicyVersion, Space

pytestmark = pytest.mark.django_db
SPACE = "/api/spaces/team/"
NOTHING = "version: 1\nname: None\ndefault: deny\n"


@pytest.fixture
def team() -> Team:
    """Make a private space whose object passes on one kernel, where it calls toy_move."""
    team = create_team()
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    store.save_verdict(team.object, kernel.facts_hash, create_verdict("7.2", "toy_running"))
    return team


def test_space_tells_its_members_who_is_in_it(team: Team) -> None:
    listed = as_(team, "reader").get("/api/spaces/").json()["results"]
    assert [(row["slug"], row["role"]) for row in listed if row["slug"] == "team"] == [
        ("team", "reader")
    ]
    told = as_(team, "reader").get(SPACE).json()
    assert told["objects"] == 1
    assert {"user": "reviewer", "role": "reviewer"} in told["members"]
    assert as_(team, "outsider").get(SPACE).status_code == 404
    Space.objects.filter(slug="team").update(visibility="public")
    assert as_(team, "outsider").get(SPACE).json()["members"] == []


def test_policy_is_tried_and_put_in_force(team: Team) -> None:
    client, address = as_(team, "maintainer"), f"{SPACE}policies/"
    policy = {"name": "ours", "text": DENIES}
    tried = client.post(f"{address}?dry_run=true", policy)
    assert tried.status_code == 200
    starts = tried.json()["dry_run"]["starts_to_fail"]
    assert [row["sha256"] for row in starts] == [team.object.sha256]
    assert not PolicyVersion.objects.exists()
    kept = client.post(address, policy)
    assert (kept.status_code, kept.json()["kept"]["version"]) == (201, 1)
    assert [row["name"] for row in as_(team, "reader").get(address).json()] == ["ours"]
    assert AuditEntry.objects.get(what="policy kept").data == {"number": 1}
    assert client.delete(f"{address}ours/").status_code == 204
    assert as_(team, "reader").get(address).json() == []
    (version,) = as_(team, "reader").get(f"{address}ours/").json()
    assert version["text"] == DENIES


def test_policy_that_nothing_satisfies_says_so_before_it_counts(team: Team) -> None:
    client, address = as_(team, "maintainer"), f"{SPACE}policies/?dry_run=1"
    told = client.post(address, {"name": "none", "text": NOTHING}).json()
    assert told["notes"]
    assert len(told["dry_run"]["starts_to_fail"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nname: Ours\nrules: 7\n", "line 3"),
        ("a: &a [x]\nb: *a\n", "line"),
        ("!!python/object/apply:os.system ['true']\n", "line 1"),
        ("[" * 5000, "line 1"),
    ],
)
def test_policy_that_cannot_be_read_is_said_by_line(team: Team, text: str, said: str) -> None:
    answer = as_(team, "maintainer").post(f"{SPACE}policies/", {"name": "ours", "text": text})
    assert answer.status_code == 400
    assert said in str(answer.json()["errors"]["text"])
    assert not PolicyVersion.objects.exists()


def test_who_may_not_manage_is_told_which_role_it_takes(team: Team) -> None:
    answer = as_(team, "reviewer").post(f"{SPACE}policies/", {"name": "ours", "text": DENIES})
    assert answer.status_code == 403
    assert "maintainer" in answer.json()["detail"]
    assert as_(team, "reviewer").get(f"{SPACE}audit/").status_code == 403


def test_waivers_and_audit_trail_are_listed(team: Team) -> None:
    for days in (3, -3):
        Waiver.objects.create(
            space=team.space,
            fingerprint="ab" * 16,
            finding="toy_move: not allowed",
            reason="until 7.3",
            owner=team.user("reviewer"),
            expires_at=timezone.now() + timedelta(days=days),
        )
    client = as_(team, "reader")
    rows = client.get(f"{SPACE}waivers/").json()["results"]
    assert [row["active"] for row in rows] == [False, True]
    (active,) = client.get(f"{SPACE}waivers/?active=true").json()["results"]
    assert (active["owner"], active["reason"]) == ("reviewer", "until 7.3")
    AuditEntry.objects.record(team.space, team.user("reviewer"), "waiver", "toy_move")
    trail = as_(team, "maintainer").get(f"{SPACE}audit/?what=waiver").json()["results"]
    assert [(row["actor"], row["subject"]) for row in trail] == [("reviewer", "toy_move")]


def test_inbox_is_read_and_marked(team: Team) -> None:
    Notice.objects.tell([team.user("reader")], "Look", "/objects/")
    client = as_(team, "reader")
    assert client.get("/api/inbox/?unread=true").json()["results"][0]["text"] == "Look"
    assert client.post("/api/inbox/").status_code == 204
    assert client.get("/api/inbox/?unread=true").json()["count"] == 0
    assert client.get("/api/inbox/").json()["count"] == 1


def test_upload_is_deleted_by_who_may(team: Team) -> None:
    address = f"/api/submissions/{team.submission.pk}/"
    assert as_(team, "reviewer").delete(address).status_code == 403
    assert as_(team, "outsider").delete(address).status_code == 404
    assert as_(team, "submitter").delete(address).status_code == 204
    assert not BpfObject.objects.filter(pk=team.object.pk).exists()


def test_token_of_another_space_sees_no_space_but_its_own(team: Team) -> None:
    submitter = team.user("submitter")
    own = Space.objects.personal(submitter)
    secret = create_token(submitter, "CI", ["read", "submit"], 7, own)
    headers = {"Authorization": f"Bearer {secret}"}
    listed = Client().get("/api/spaces/", headers=headers).json()["results"]
    assert [row["slug"] for row in listed] == [own.slug]
    assert Client().get(SPACE, headers=headers).status_code == 404
    assert Client().get("/api/inbox/", headers=headers).status_code == 403
