"""Versions of an object in a space: lined up by name, compared, answered for by the newest."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import etree

from kfmap.catalogue.store import save_kernel
from kfmap.reports.formats import FORMATS
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.conftest import create_object
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.engine.reports import CheckedObject
from verifier.engine.reports.version_report import build_version_report
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
    second = create_object("x.o", sha256="cd" * 32, shared=False)
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


def say_origin(team: Team) -> None:
    """Set for both versions what they were built from."""
    first, later = Submission.objects.order_by("pk").filter(space=team.space)
    Submission.objects.filter(pk=first.pk).update(commit="0a1", branch="main")
    Submission.objects.filter(pk=later.pk).update(
        commit="4f2a9c1", branch="fix/x", link="https://example.org/c/4f2a9c1?a=<b>"
    )


def test_pages_say_what_versions_are_made_of(team: Team) -> None:
    say_origin(team)
    client = as_(team, "reader")
    page = client.get(f"/objects/{second().sha256}/versions/").content.decode()
    assert "commit <code>4f2a9c1</code>, branch <code>fix/x</code>" in " ".join(page.split())
    assert 'href="https://example.org/c/4f2a9c1?a=&lt;b&gt;" rel="noopener' in page
    assert "<code>0a1</code>" in client.get(team.object.get_absolute_url()).content.decode()
    address = f"/objects/{second().sha256}/since/{team.object.sha256}/"
    text = client.get(address).content.decode()
    assert "<code>0a1</code>" in text and "<code>4f2a9c1</code>" in text


def test_api_lists_versions_and_says_what_changed(team: Team) -> None:
    say_origin(team)
    client = as_(team, "reader")
    address = f"/api/objects/{team.object.sha256}/"
    rows = client.get(f"{address}versions/").json()["results"]
    assert [row["sha256"] for row in rows] == [second().sha256, team.object.sha256]
    assert rows[0]["origin"]["branch"] == "fix/x"
    assert rows[0]["verdicts"] == {"7.2": "refused"}
    for query, count in (("branch=main", 1), ("commit=4f", 1), ("space=team", 2)):
        assert client.get(f"{address}versions/?{query}").json()["count"] == count, query
    assert client.get(f"{address}versions/?space=x").status_code == 400
    since = f"/api/objects/{second().sha256}/since/{team.object.sha256}/report/"
    report = client.get(since).json()
    assert report["kind"] == "versions"
    assert "commit 4f2a9c1" in json.dumps(report["provenance"])
    for name in FORMATS:
        answer = client.get(f"{since}?format={name}")
        drawn = name in ("svg", "graphml", "dot")
        assert answer.status_code == (404 if drawn else 200), name
        assert not drawn or "This report draws no graph" in answer.json()["detail"]
    told = client.get(f"{since}?format=github").json()["detail"]
    assert "is for the findings in an object" in told
    assert as_(team, "outsider").get(since).status_code == 404


def test_reports_say_what_an_object_is_made_of(team: Team) -> None:
    say_origin(team)
    client = as_(team, "reader")
    address = f"/api/objects/{second().sha256}/report/"
    said = {"commit": "4f2a9c1", "branch": "fix/x", "link": "https://example.org/c/4f2a9c1?a=<b>"}
    assert client.get(address).json()["objects"][0]["origin"] == said
    for name in ("text", "markdown", "html", "sarif", "junit"):
        assert "4f2a9c1" in client.get(f"{address}?format={name}").content.decode(), name
    hidden = as_(team, "outsider")
    Submission.objects.create(user=team.user("outsider")).files.create(name="a.o", object=second())
    assert "4f2a9c1" not in hidden.get(address).content.decode()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("link", "javascript:alert(1)"),
        ("link", "https://user:secret@example.org/"),
        ("link", "https://[bad"),
        ("commit", "a b"),
        ("branch", "main\u202e"),
        ("commit", "a" * 101),
    ],
)
def test_origin_that_cannot_be_taken_is_said_beside_its_field(
    team: Team, field: str, text: str
) -> None:
    client = as_(team, "submitter")
    files = {"objects": SimpleUploadedFile("a.o", b"\x7fELF")}
    page = client.post("/uploads/", {**files, field: text})
    assert page.status_code == 422
    files["objects"].seek(0)
    answer = client.post("/api/objects/", {**files, field: text})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Submission.objects.filter(files__name="a.o").exists()


def test_uploads_keep_what_they_are_made_of(team: Team) -> None:
    client = as_(team, "submitter")
    said = {"commit": "4f2a9c1", "branch": "main", "link": "https://example.org/c"}
    files = {"objects": SimpleUploadedFile("a.o", b"\x7fELF"), "space": "team"}
    answer = client.post("/api/objects/", {**files, **said})
    assert client.get(answer["Location"]).json()["origin"] == said


def test_version_report_says_which_programs_have_other_instructions() -> None:
    def version(digest: str, count: int, code: str) -> CheckedObject:
        summary = create_summary("stays", "changes")
        stays, changes = summary.programs
        programs = (
            replace(stays, instructions=7, code="s"),
            replace(changes, instructions=count, code=code),
        )
        return CheckedObject("x.o", digest, replace(summary, programs=programs))

    report = build_version_report(version("a", 10, "one"), version("b", 12, "two"))
    (table,) = [sheet for sheet in report.sheets if sheet.name == "programs"]
    assert set(table.rows) == {
        ("the same", "stays", 7, 7),
        ("other instructions", "changes", 10, 12),
    }
