"""The review of an object: states, waivers, what a sign-off covers, who is asked and told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel
from tests.verifier.checked import create_finding, create_verdict
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.records import store
from verifier.records.models import Assignment, Review, Waiver
from verifier.spaces.models import AuditEntry, Notice, PolicyVersion, Space

pytestmark = pytest.mark.django_db
SOON = (timezone.now() + timedelta(days=30)).date().isoformat()


def check(team: Team, name: str, *kinds: str) -> Kernel:
    """Have the team's object checked on a kernel: refused by what is found there."""
    kernel = save_kernel(replace(create_toy_kernel(), name=name), None).kernel
    verdict = create_verdict(name, "toy_running", *map(create_finding, kinds))
    store.save_verdict(team.object, kernel.facts_hash, verdict)
    return kernel


@pytest.fixture
def team() -> Team:
    """Make a private space whose object 7.1 takes and 7.2, the newest, refuses."""
    team = create_team()
    check(team, "7.1")
    check(team, "7.2", "not_allowed")
    return team


def page(team: Team, name: str = "reviewer") -> str:
    """Return the page of the object."""
    return as_(team, name).get(team.object.get_absolute_url()).content.decode()


def post(team: Team, what: str, form: dict[str, str], name: str = "reviewer") -> tuple[int, str]:
    """Send a form of the object's page; return status and the page after."""
    answer = as_(team, name).post(f"{team.object.get_absolute_url()}{what}/", form, follow=True)
    return answer.status_code, answer.content.decode()


def waive(team: Team, **changes: str) -> tuple[int, str]:
    """Waive the finding that the page offers."""
    (fingerprint,) = set(re.findall(r'name="fingerprint" value="([0-9a-f]{32})"', page(team)))
    form = {"fingerprint": fingerprint, "reason": "only in tests", "until": SOON}
    return post(team, "waivers", {**form, **changes})


def sign_off(team: Team, **more: str) -> tuple[int, str]:
    """Sign off."""
    return post(team, "reviews", {"decision": "signed_off", **more})


def test_review_goes_from_checking_to_a_decision() -> None:
    team = create_team()
    team.object.jobs.create()
    assert "<strong>Checking</strong>" in page(team)
    check(team, "7.1")
    assert "<strong>Needs review</strong>" in page(team)
    for decision, state in (
        ("changes", "Changes asked"),
        ("rejected", "Rejected"),
        ("signed_off", "Approved"),
    ):
        assert post(team, "reviews", {"decision": decision, "text": "so"})[0] == 200
        assert f"<strong>{state}</strong>" in page(team)


def test_sign_off_over_refused_verdicts_asks_for_a_waiver_first(team: Team) -> None:
    status, text = sign_off(team)
    assert status == 422
    assert "1 finding is refused without a waiver: toy_move" in text
    assert not Review.objects.exists()
    assert "only in tests" in waive(team)[1]
    assert sign_off(team)[0] == 200
    assert "<strong>Approved</strong>" in page(team)
    trail = list(AuditEntry.objects.values_list("what", flat=True))
    assert trail == ["review", "waiver"]


def test_only_the_kernels_of_the_space_ask_for_waivers(team: Team) -> None:
    team.space.kernels = ["7.1"]
    team.space.save()
    assert sign_off(team)[0] == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": " "}, "This field is required"),
        ({"until": "2020-01-01"}, "a day after today"),
        ({"until": "2999-01-01"}, "at most two years"),
        ({"until": "soon"}, "Enter a valid date"),
        ({"fingerprint": "0" * 32}, "has no such finding now"),
        ({"fingerprint": "x"}, "Enter a valid value"),
    ],
)
def test_waiver_without_reason_day_or_finding_is_not_kept(
    team: Team, changes: dict[str, str], said: str
) -> None:
    assert said in waive(team, **changes)[1]
    assert not Waiver.objects.exists()


def test_waiver_that_ends_opens_the_review_again(team: Team) -> None:
    waive(team)
    sign_off(team)
    Waiver.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "there is no waiver for toy_move" in page(team)
    assert "<strong>Needs review</strong>" in page(team)
    Waiver.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert "<strong>Approved</strong>" in page(team)
    post(team, f"waivers/{Waiver.objects.get().pk}/end", {})
    assert "<strong>Needs review</strong>" in page(team)


def test_waiver_of_another_space_is_not_ended_by_way_of_an_object(team: Team) -> None:
    reviewer = team.user("reviewer")
    other = Space.objects.personal(reviewer)
    waiver = Waiver.objects.create(
        space=other,
        fingerprint="0" * 32,
        finding="x",
        reason="y",
        owner=reviewer,
        expires_at=timezone.now() + timedelta(days=1),
    )
    assert post(team, f"waivers/{waiver.pk}/end", {})[0] == 404
    assert Waiver.objects.active().filter(pk=waiver.pk).exists()


def test_sign_off_says_what_it_does_not_cover_any_more(team: Team) -> None:
    waive(team)
    sign_off(team)
    assert "does not cover" not in page(team)
    PolicyVersion.objects.keep(team.space, "ours", "version: 1\nname: x\n", team.user("maintainer"))
    check(team, "7.3")
    text = page(team)
    assert "kernel 7.3, which was not in the map" in text
    assert "version 1 of the policy ours" in text
    review = Review.objects.get()
    assert set(review.binds) == {"sha256", "kernels", "engine", "loader", "policies"}
    review.binds["engine"] -= 1
    review.save()
    assert f"as it was made with engine {review.binds['engine']}" in page(team)


def test_new_kernel_that_refuses_opens_the_review_again(team: Team) -> None:
    waive(team)
    sign_off(team)
    check(team, "7.3", "missing")
    text = page(team)
    assert "<strong>Needs review</strong>" in text
    assert "7.3 says refused now, and said not checked then" in text


def test_decision_on_what_is_other_by_now_is_refused(team: Team) -> None:
    (mark,) = re.findall(r'name="mark" value="([0-9a-f]{64})"', page(team))
    waive(team)
    assert sign_off(team, mark=mark)[0] == 200
    check(team, "7.3")
    status, text = sign_off(team, mark=mark)
    assert status == 422
    assert "What you looked at has changed" in text


def test_reviewer_is_asked_told_and_done_with_the_decision(
    team: Team, settings: Settings, django_capture_on_commit_callbacks: object
) -> None:
    settings.KFMAP_SENDS_MAIL = True
    reviewer = team.user("reviewer")
    reviewer.email = "reviewer@example.org"
    reviewer.save()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # a fixture that is a function
        post(team, "assign", {"reviewer": str(reviewer.pk)}, "submitter")
    assert "submitter asks reviewer to review team.bpf.o" in mail.outbox[0].subject
    client = as_(team, "reviewer")
    assert "submitter asks reviewer to review" in client.get("/inbox/").content.decode()
    (until,) = re.findall(r'name="until" value="(\d+)"', client.get("/inbox/").content.decode())
    Notice.objects.tell([reviewer], "came while the page was read", "/")
    client.post("/inbox/read/", {"until": until})
    assert Notice.objects.get(read_at=None).text == "came while the page was read"
    client.post("/inbox/read/")
    assert not Notice.objects.filter(read_at=None).exists()
    post(team, "reviews", {"decision": "changes", "text": "no"})
    assert not Assignment.objects.exists()
    submitters = Client()
    submitters.force_login(team.user("submitter"))
    assert "reviewer requested changes: team.bpf.o" in submitters.get("/inbox/").content.decode()


def test_only_who_may_review_is_asked(team: Team) -> None:
    for name in ("reader", "outsider"):
        post(team, "assign", {"reviewer": str(team.user(name).pk)}, "submitter")
    assert not Assignment.objects.exists()
    assert not Notice.objects.exists()


def test_remark_on_a_finding_leads_to_it(team: Team) -> None:
    (fingerprint,) = set(re.findall(r'name="fingerprint" value="([0-9a-f]{32})"', page(team)))
    form = {"decision": "remark", "text": "why?", "fingerprint": fingerprint}
    assert 'On <a href="#cause-1">' in post(team, "reviews", form)[1]
    assert "<strong>Needs review</strong>" in page(team)
