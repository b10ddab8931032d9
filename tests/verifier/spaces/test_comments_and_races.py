"""Comments on findings, and what goes wrong between looking and saying: double clicks, versions
that come meanwhile, people who may no more."""

from __future__ import annotations

import re

import pytest

from tests.verifier.checked import create_summary
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_reviewing import SOON, check, page, post
from tests.verifier.spaces.test_space_pages import as_
from verifier.records import store
from verifier.records.models import BpfObject, Review, Submission, Waiver
from verifier.spaces.models import AuditEntry, Event, Notice, PolicyVersion, Space
from verifier.spaces.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    """Make a space whose object 7.2, the newest, refuses."""
    team = create_team()
    check(team, "7.2", "not_allowed")
    return team


def fingerprint(team: Team, name: str = "reader") -> str:
    """Return the finding that the page offers to comment on."""
    text = page(team, name)
    comment = text[text.index("Comment on this finding") :]
    found = re.search(r'name="fingerprint" value="([0-9a-f]{32})"', comment)
    assert found
    return found[1]


def mark(team: Team) -> str:
    """Return what the page of a reviewer stands for."""
    found = re.search(r'name="mark" value="([0-9a-f]{64})"', page(team))
    assert found
    return found[1]


def test_readers_comment_on_a_finding_and_it_stands_there(team: Team) -> None:
    form = {"decision": "remark", "text": "why <b>here</b>?", "fingerprint": fingerprint(team)}
    answer = as_(team, "reader").post(f"{team.object.get_absolute_url()}reviews/", form)
    assert answer["Location"].endswith("#cause-1")
    text = page(team, "submitter")
    card = text[text.index('id="cause-1"') : text.index("Comment on this finding")]
    assert "<strong>reader</strong>" in card
    assert "why &lt;b&gt;here&lt;/b&gt;?" in card
    assert Notice.objects.get().user == team.user("submitter"), "who uploaded it is told"


@pytest.mark.parametrize("decision", ["signed_off", "changes", "rejected"])
def test_readers_decide_nothing(team: Team, decision: str) -> None:
    assert post(team, "reviews", {"decision": decision, "text": "x"}, "reader")[0] == 403
    assert not Review.objects.exists()


def test_comment_without_words_is_asked_for_them(team: Team) -> None:
    status, text = post(team, "reviews", {"decision": "remark", "text": " "}, "reader")
    assert status == 422
    assert "Write what should change, or your remark." in text


def test_who_sees_a_public_space_comments_nothing(team: Team) -> None:
    team.space.visibility = "public"
    team.space.save()
    assert "Comment on this finding" not in page(team, "outsider")
    assert post(team, "reviews", {"decision": "remark", "text": "x"}, "outsider")[0] == 403


def test_a_double_click_says_it_once(team: Team) -> None:
    for _ in range(2):
        assert post(team, "reviews", {"decision": "rejected", "text": "no"})[0] == 200
    assert (Review.objects.count(), Event.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(what="review").count() == 1
    post(team, "reviews", {"decision": "rejected", "text": "no, for another reason"})
    assert Review.objects.count() == 2


def test_a_finding_is_waived_once(team: Team) -> None:
    form = {"fingerprint": fingerprint(team), "reason": "known", "until": SOON}
    post(team, "waivers", form)
    assert "has a waiver: withdraw that one first" in post(team, "waivers", form)[1]
    assert Waiver.objects.count() == 1


def test_the_same_policy_kept_twice_is_one_version(team: Team) -> None:
    text = "version: 1\nname: x\n"
    for _ in range(2):
        PolicyVersion.objects.keep(team.space, "ours", text, team.user("maintainer"))
    assert PolicyVersion.objects.get().number == 1
    PolicyVersion.objects.filter(slug="ours").update(is_in_force=False)
    assert PolicyVersion.objects.keep(team.space, "ours", text, team.user("maintainer")).number == 2


def test_approval_of_a_page_that_a_new_version_came_after_is_not_taken(team: Team) -> None:
    form = {"fingerprint": fingerprint(team), "reason": "known", "until": SOON}
    post(team, "waivers", form)
    seen = mark(team)
    summary = create_summary("toy_running")
    newer = BpfObject.objects.create(sha256="cd" * 32, file_name="other.o", size=1)
    store.save_summary(newer, summary)
    later = Submission.objects.create(user=team.user("submitter"), space=team.space)
    later.files.create(name="team.bpf.o", object=newer)
    status, text = post(team, "reviews", {"decision": "signed_off", "mark": seen})
    assert status == 422
    assert "What you looked at has changed since" in text
    assert not Review.objects.exists()
    assert post(team, "reviews", {"decision": "signed_off", "mark": mark(team)})[0] == 200


def test_page_left_open_by_somebody_who_was_removed_does_nothing_more(team: Team) -> None:
    client = as_(team, "reviewer")
    url = team.object.get_absolute_url()
    seen = mark(team)
    assert client.get(url).status_code == 200
    team.space.memberships.get(user=team.user("reviewer")).delete()
    form = {"decision": "rejected", "text": "x", "mark": seen}
    for path, sent in (
        ("reviews/", form),
        ("waivers/", {"fingerprint": "0" * 32, "reason": "x", "until": SOON}),
        ("check/", {}),
        ("cancel/", {}),
    ):
        assert client.post(url + path, sent).status_code == 404
    for path in ("", "progress/", "events/", "versions/", "graph/"):
        assert client.get(url + path).status_code == 404
    assert not Review.objects.exists()


def test_page_left_open_by_somebody_who_reviews_no_more_decides_nothing(team: Team) -> None:
    seen = mark(team)
    team.space.memberships.filter(user=team.user("reviewer")).update(role="submitter")
    form = {"decision": "rejected", "text": "x", "mark": seen}
    assert post(team, "reviews", form)[0] == 403
    assert not Review.objects.exists()


def test_decision_is_held_against_the_waivers_of_the_space_that_it_is_kept_in(team: Team) -> None:
    """The finding is waived where the bytes were first, and the reviewer only reads there."""
    reviewer = team.user("reviewer")
    own = Space.objects.create(slug="own", name="Own")
    own.memberships.create(user=reviewer, role=Role.REVIEWER)
    again = Submission.objects.create(user=team.user("submitter"), space=own)
    again.files.create(name="team.bpf.o", object=team.object)
    form = {"fingerprint": fingerprint(team, "reader"), "reason": "here", "until": SOON}
    assert post(team, "waivers", form, "maintainer")[0] == 200
    team.space.memberships.filter(user=reviewer).update(role=Role.READER)
    status, said = post(team, "reviews", {"decision": "signed_off"})
    assert (status, "refused without a waiver" in said) == (422, True)
    assert post(team, "reviews", {"decision": "remark", "text": "wait"})[0] == 200
    assert Review.objects.get().space == own
