"""Reports tell what a space agreed on: policies, waivers, sign-offs; to nobody outside of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.reports.opening import read_workbook
from tests.verifier.checked import create_finding, create_verdict
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_policies import DENIES
from tests.verifier.spaces.test_space_pages import as_
from verifier.engine.reports import RENDERERS
from verifier.records import store
from verifier.records.models import Review, Submission, Waiver
from verifier.records.policies import load_policies
from verifier.records.review_state import bind
from verifier.spaces.models import PolicyVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    """Make a space with an object that is refused, waived, denied by a policy, and signed off."""
    team = create_team()
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    found = create_verdict("7.2", "toy_running", create_finding())
    store.save_verdict(team.object, kernel.facts_hash, found)
    reviewer = team.user("reviewer")
    PolicyVersion.objects.keep(team.space, "ours", DENIES, reviewer)
    report = as_(team, "reader").get(f"/api/objects/{team.object.sha256}/report/").json()
    (cause,) = report["objects"][0]["summary"]["causes"]
    Waiver.objects.create(
        space=team.space,
        fingerprint=cause["fingerprint"],
        finding="toy_move: not allowed",
        reason="=the filter goes\nin 7.3",
        owner=reviewer,
        expires_at=timezone.now() + timedelta(days=3),
    )
    Review.objects.create(
        object=team.object,
        author=reviewer,
        space=team.space,
        decision=Review.Decision.SIGNED_OFF,
        seen={"7.2": "refused"},
        binds=bind(team.object, team.space, [kernel], load_policies([team.space])),
    )
    return team


def test_json_and_sarif_have_what_was_agreed(team: Team) -> None:
    client, address = as_(team, "reader"), f"/api/objects/{team.object.sha256}/report/"
    told = client.get(address).json()
    (waiver,) = told["waivers"]
    assert (waiver["owner"], waiver["space"]) == ("reviewer", team.space.name)
    (held,) = told["policies"]
    assert (held["policy"], held["version"], held["effect"]) == ("ours", 1, "deny")
    assert held["findings"]
    (sign_off,) = told["sign_offs"]
    assert "policies ours version 1" in sign_off["rests_on"]
    assert sign_off["space"] == team.space.name
    run = json.loads(client.get(f"{address}?format=sarif").content)["runs"][0]
    (result,) = [item for item in run["results"] if "suppressions" in item]
    assert result["suppressions"][0]["justification"].startswith("=the filter goes")


def test_reports_for_people_have_it_too(team: Team) -> None:
    client, address = as_(team, "reader"), f"/spaces/{team.space.slug}/report/"
    for name in ("text", "markdown", "html"):
        text = client.get(f"{address}?format={name}").content.decode()
        for word in ("the filter goes", "ours", "engine"):
            assert word in text, (name, word)
    book = read_workbook(client.get(f"{address}?format=xlsx").content)
    assert any("Rests on" in str(row) or "engine" in str(row) for row in book["summary"])


def test_outsider_with_the_same_bytes_reads_none_of_it(team: Team) -> None:
    Submission.objects.create(user=team.user("outsider")).files.create(
        name="a.o", object=team.object
    )
    told = as_(team, "outsider").get(f"/api/objects/{team.object.sha256}/report/").json()
    assert (told["waivers"], told["policies"], told["sign_offs"]) == ([], [], [])


def test_every_format_has_the_same_bytes_twice(team: Team) -> None:
    client, address = as_(team, "reader"), f"/api/spaces/{team.space.slug}/report/"
    for name in RENDERERS:
        first, second = (client.get(f"{address}?format={name}") for _ in range(2))
        assert first.status_code == 200, name
        assert first.content == second.content, name
