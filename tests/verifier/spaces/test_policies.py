"""Policies of a space: tried against what is stored, put in force, shown on objects."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.engine.policy.reading import read_policy
from verifier.records import store
from verifier.records.policies import try_policy
from verifier.spaces.models import AuditEntry, Event, Notice, PolicyVersion

pytestmark = pytest.mark.django_db
DENIES = "version: 1\nname: Ours\nrules:\n- {effect: deny, id: no-move, match: {kfunc: toy_move}}\n"
PERMITS = "version: 1\nname: Ours\n"
NEW = "/spaces/team/policies/new/"


@pytest.fixture
def team() -> Team:
    """Make a private space whose object passes on one kernel, where it calls toy_move."""
    team = create_team()
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    verdict = create_verdict("7.2", "toy_running")
    store.save_verdict(team.object, kernel.facts_hash, verdict)
    return team


def test_dry_run_counts_what_would_start_and_stop_to_fail(team: Team) -> None:
    denies, permits = read_policy(DENIES), read_policy(PERMITS)
    run = try_policy(team.space, denies, None)
    assert ([obj.pk for obj in run.starts], run.stops, run.looked_at) == ([team.object.pk], (), 1)
    assert [obj.pk for obj in try_policy(team.space, permits, denies).stops] == [team.object.pk]
    assert try_policy(team.space, denies, denies).still == 1
    team.object.checks.all().delete()
    assert try_policy(team.space, denies, None).unread == 1


def test_dry_run_asks_as_much_for_many_objects_as_for_one(
    team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    denies, hashes = read_policy(DENIES), [check.facts_hash for check in team.object.checks.all()]
    try_policy(team.space, denies, None)  # facts of kernels are kept
    with CaptureQueriesContext(connection) as asked:
        assert len(try_policy(team.space, denies, None).starts) == 1
    for at in range(5):
        obj = create_object(f"{at}.o", sha256=f"{at:064x}", shared=False)
        team.submission.files.create(name=obj.file_name, object=obj)
        store.save_verdict(obj, hashes[0], create_verdict("7.2", "toy_running"))
    with django_assert_num_queries(len(asked)):
        assert len(try_policy(team.space, denies, None).starts) == 6


def test_policy_is_tried_before_it_is_kept_and_then_in_force(team: Team) -> None:
    client = as_(team, "maintainer")
    tried = client.post(NEW, {"slug": "ours", "text": DENIES, "try": "1"}).content.decode()
    assert "1 object would start to fail" in tried
    assert not PolicyVersion.objects.exists()
    asked = client.post(NEW, {"slug": "ours", "text": DENIES, "keep": "1"})
    assert asked.status_code == 409, "what it breaks is shown first"
    text = asked.content.decode()
    assert "No stored object satisfies it." in text
    assert "Put it in force anyway" in text
    assert not PolicyVersion.objects.exists()
    kept = client.post(NEW, {"slug": "ours", "text": DENIES, "keep": "sure"})
    assert kept["Location"] == "/spaces/team/policies/ours/"
    page = client.get(team.object.get_absolute_url()).content.decode()
    assert "denies it" in page
    assert "(no-move)" in page
    assert AuditEntry.objects.get(what="policy kept").data == {"number": 1}


def test_next_version_takes_the_place_of_the_one_before(team: Team) -> None:
    client = as_(team, "maintainer")
    client.post(NEW, {"slug": "ours", "text": DENIES, "keep": "sure"})
    address = "/spaces/team/policies/ours/"
    assert "1 would stop failing" in client.post(address, {"text": PERMITS}).content.decode()
    client.post(address, {"text": PERMITS, "keep": "1"})
    assert [row.number for row in PolicyVersion.objects.in_force()] == [2]
    assert "permits it" in client.get(team.object.get_absolute_url()).content.decode()
    client.post(f"{address}end/")
    assert not PolicyVersion.objects.in_force().exists()
    assert "denies it" not in client.get(team.object.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"slug": "ours", "text": "version: 1\nrule: x"}, "line 2: there is no key “rule”"),
        ({"slug": "", "text": PERMITS}, "Give the policy a name"),
        ({"slug": "ours", "text": "a: &x 1\nb: *x"}, "are not taken"),
    ],
)
def test_what_is_no_policy_is_not_kept(team: Team, form: dict[str, str], said: str) -> None:
    answer = as_(team, "maintainer").post(NEW, {**form, "keep": "1"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not PolicyVersion.objects.exists()


def test_reader_reads_a_policy_and_does_not_change_it(team: Team) -> None:
    PolicyVersion.objects.keep(team.space, "ours", DENIES, team.user("maintainer"))
    client = as_(team, "reader")
    assert "no-move" in client.get("/spaces/team/policies/ours/").content.decode()
    assert client.post("/spaces/team/policies/ours/", {"text": PERMITS}).status_code == 403
    assert client.get("/spaces/team/policies/").status_code == 200


def test_other_maintainers_are_told_from_page_and_api_alike(team: Team) -> None:
    other = team.user("outsider")
    team.space.memberships.create(user=other, role="maintainer")
    client = as_(team, "maintainer")
    client.post(NEW, {"slug": "ours", "text": PERMITS, "keep": "1"})
    client.post("/spaces/team/policies/ours/end/")
    asked = {"name": "theirs", "text": PERMITS}
    assert client.post("/api/spaces/team/policies/", asked, "application/json").status_code == 201
    client.delete("/api/spaces/team/policies/theirs/")
    told = [(event.kind, event.data["policy"]) for event in reversed(Event.objects.all())]
    assert told == [
        (kind, name) for name in ("ours", "theirs") for kind in ("policy.in_force", "policy.ended")
    ]
    assert {notice.user for notice in Notice.objects.all()} == {other}
    assert sorted(notice.text for notice in Notice.objects.all()) == sorted(
        event.text for event in Event.objects.all()
    )


def test_schema_and_examples_are_published(client: Client) -> None:
    assert client.get("/policies/schema.json").json()["title"] == "kfmap policy"
    assert "KF_DESTRUCTIVE" in client.get("/policies/no-destructive-kfuncs.yaml").content.decode()
    assert client.get("/policies/none.yaml").status_code == 404


def test_an_example_that_there_is_not_is_answered_with_those_there_are(team: Team) -> None:
    client = as_(team, "maintainer")
    wrong = client.get(f"{NEW}?example=no-destructive")
    assert wrong.status_code == 404
    assert f'href="{NEW}?example=no-destructive-kfuncs"' in wrong.text
    assert client.get(f"{NEW}?example=no-destructive-kfuncs").status_code == 200
