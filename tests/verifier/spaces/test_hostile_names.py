"""Names that are markup, formulas, or turn the direction of writing, on every page of a space."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from kfmap.api.models import create_token
from kfmap.catalogue.models import Kernel
from tests.reports.opening import read_workbook
from tests.verifier.checked import create_finding, create_summary, create_verdict
from tests.verifier.spaces.rules import RULES
from tests.verifier.spaces.test_matrix import World, sign_in, world
from verifier.records import store
from verifier.records.models import BpfObject, Review, Submission, Waiver
from verifier.records.outcome import load_outcomes, worst_by_kernel
from verifier.spaces.models import AuditEntry, Notice, PolicyVersion, Space

__all__ = ["world"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys", "data_folder")]

MARKUP, TURNED = "<script>alert(1)</script>", "safe\u202egnp"
NAME = f"=1+1 {MARKUP} {TURNED}"
PAGES = """
    inbox spaces uploads tokens account rechecks differences api-spaces api-inbox api-tokens
    api-rechecks api-upload
"""
# Streams, a page whose object has no bytes here, and badges of a name that no address can have.
LEFT_OUT = {"object-events", "api-events", "program-source", "space-badge", "api-space-badge"}
EXPORTS = ("csv", "markdown", "text", "html", "junit", "github", "sarif", "json")


@pytest.fixture
def hostile(world: World) -> World:
    """Have everybody give such names to everything that takes one."""
    team, reader = world.team, world.team.user("maintainer")
    kernel = Kernel.objects.get(name="8.1")
    BpfObject.objects.update(file_name=NAME)
    store.save_summary(team.object, create_summary(NAME))
    verdict = create_verdict("8.1", NAME, create_finding("not_allowed"))
    store.save_verdict(team.object, kernel.facts_hash, verdict)
    Space.objects.filter(pk=team.space.pk).update(name=NAME, about=NAME)
    Submission.objects.update(commit=NAME, branch=NAME)
    team.submission.files.update(name=NAME)
    text = json.dumps({"version": 1, "name": NAME, "default": "deny"})
    PolicyVersion.objects.keep(Space.objects.get(pk=team.space.pk), "ours", text, reader)
    seen = worst_by_kernel(load_outcomes([team.object])[team.object.pk])
    Review.objects.create(
        object=team.object, space=team.space, author=reader, decision="remark", text=NAME, seen=seen
    )
    Waiver.objects.create(
        space=team.space,
        fingerprint="ab" * 16,
        finding=NAME,
        reason=NAME,
        owner=reader,
        expires_at=timezone.now() + timedelta(days=3),
    )
    AuditEntry.objects.record(team.space, reader, "upload", NAME)
    create_token(reader, NAME, ["read"], 3, team.space)
    Notice.objects.tell([reader], NAME, "/objects/")
    return world


def test_pages_show_them_as_what_they_are(hostile: World) -> None:
    client = sign_in(hostile, "maintainer")
    seen = set()
    named = [name for name, rule in RULES.items() if rule.action and "GET" in rule.methods]
    for name in (*named, *PAGES.split()):
        if name in LEFT_OUT:
            continue
        answer = client.get(hostile.address(name))
        assert answer.status_code == 200, name
        if answer["Content-Type"].startswith("text/html"):
            text = answer.content.decode()
            assert MARKUP not in text and "\u202e" not in text, name
            seen |= {name} if "&lt;script&gt;" in text and r"safe\u202egnp" in text else set()
        elif not answer["Content-Type"].startswith("application/json"):
            assert "\u202e" not in answer.content.decode(), name
    assert seen >= {"space", "object", "submission", "spaces", "uploads", "tokens", "inbox"}
    assert seen >= {"space-audit", "space-policies", "space-settings", "object-versions"}


def test_exports_compute_nothing_and_turn_nothing(hostile: World) -> None:
    client = sign_in(hostile, "maintainer")
    for address in (
        f"/objects/{hostile.team.object.sha256}/",
        f"/uploads/{hostile.team.submission.pk}/",
        "/spaces/team/report/",
    ):
        for chosen in EXPORTS:
            text = client.get(address, {"format": chosen}).content.decode()
            assert text and "\u202e" not in text, (address, chosen)
        workbook = client.get(address, {"format": "xlsx"})
        values = [
            value
            for rows in read_workbook(workbook.content).values()
            for row in rows
            for value in row
        ]
        assert not [value for value in values if "\u202e" in str(value)], address
        assert MARKUP not in client.get(address, {"format": "html"}).content.decode()
    for address in ("/spaces/team/report/", "/spaces/team/audit/", "/api/spaces/team/audit/"):
        text = client.get(address, {"format": "csv"}).content.decode()
        found = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert any(cell.startswith("'=1+1") for cell in found), address
        assert not [cell for cell in found if cell.startswith(("=", "+", "@"))], address


def test_letter_turns_nothing(
    hostile: World,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.KFMAP_SENDS_MAIL = True
    reader = hostile.team.user("maintainer")
    reader.email = "maintainer@example.org"
    with django_capture_on_commit_callbacks(execute=True):
        Notice.objects.tell([reader], f"{NAME}\nBcc: eve@example.org", "/objects/", f"{NAME}\nmore")
    (letter,) = mail.outbox
    assert "\u202e" not in f"{letter.subject}{letter.body}"
    assert (letter.to, letter.bcc) == (["maintainer@example.org"], [])
    assert letter.body.endswith("\nmore\n")
