"""Versions of an object in a space: lined up by name, compared, answered for by the newest."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.test import Client
from lxml import etree

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.records import store
from verifier.records.models import BpfObject, Submission
from verifier.records.versions import find_newest, list_versions
from verifier.web.badge import draw_badge

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    """Make a private space with two versions of an object: 7.2 takes the first alone."""
    team = create_team()
    kernel = save_kernel(replace(create_toy_kernel(), name="7.2"), None).kernel
    store.save_verdict(team.object, kernel.facts_hash, create_verdict("7.2", "toy_running"))
    second = create_object("x.o", replace(create_summary("toy_running"), sha256="cd" * 32))
    verdict = create_verdict("7.2", "toy_running", create_finding())
    store.save_verdict(second, kernel.facts_hash, verdict)
    again = Submission.objects.create(user=team.user("submitter"), space=team.space)
    again.files.create(name="team.bpf.o", object=second)
    return team


def second() -> BpfObject:
    """Return the newer version."""
    return BpfObject.objects.get(sha256="cd" * 32)


def test_versions_are_lined_up_by_name_in_their_space(team: Team) -> None:
    elsewhere = Submission.objects.create(user=team.user("outsider"))
    elsewhere.files.create(name="team.bpf.o", object=team.object)
    assert [row.object for row in list_versions(team.space, "team.bpf.o")] == [
        second(),
        team.object,
    ]
    assert find_newest(team.space, "team.bpf.o") == second()
    again = Submission.objects.create(user=team.user("submitter"), space=team.space)
    again.files.create(name="team.bpf.o", object=team.object)
    assert find_newest(team.space, "team.bpf.o") == team.object
    assert find_newest(team.space, "other.o") is None


def test_two_versions_compare_on_a_page_and_in_reports(team: Team) -> None:
    client = as_(team, "reader")
    page = client.get(f"/objects/{second().sha256}/versions/").content.decode()
    address = f"/objects/{second().sha256}/since/{team.object.sha256}/"
    assert f'href="{address}"' in page
    text = client.get(address).content.decode()
    assert "1 finding is new" in text
    assert "toy_move" in text
    report = json.loads(client.get(f"{address}?format=json").content)
    assert report["kind"] == "versions"


def test_version_one_may_not_see_is_not_compared(team: Team) -> None:
    outsider = team.user("outsider")
    Submission.objects.create(user=outsider).files.create(name="a.o", object=second())
    client = as_(team, "outsider")
    address = f"/objects/{second().sha256}/since/{team.object.sha256}/"
    assert client.get(f"/objects/{second().sha256}/").status_code == 200
    assert client.get(address).status_code == 404


def test_badge_says_how_the_newest_version_fares(team: Team) -> None:
    team.space.visibility = "public"
    team.space.save()
    answer = Client().get("/spaces/team/badges/team.bpf.o/7.2.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    texts = [text for text in etree.fromstring(answer.content).itertext() if text.strip()]
    assert texts == ["Linux 7.2: refused", "Linux 7.2", "refused"]
    own = Client().get(f"/objects/{team.object.sha256}/badge/7.2.svg").content.decode()
    assert "Linux 7.2: passes" in own
    for path in ("badges/none.o/7.2.svg", "badges/team.bpf.o/9.9.svg"):
        assert Client().get(f"/spaces/team/{path}").status_code == 404


def test_badge_of_a_private_space_is_not_there(team: Team) -> None:
    assert Client().get("/spaces/team/badges/team.bpf.o/7.2.svg").status_code == 404
    assert Client().get(f"/objects/{team.object.sha256}/badge/7.2.svg").status_code == 404


def test_badge_of_a_hostile_name_is_well_formed() -> None:
    picture = draw_badge('<script>"&\u202e', "passes")
    assert "<script>" not in picture
    etree.fromstring(picture)
