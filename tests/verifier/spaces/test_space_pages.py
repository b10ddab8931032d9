"""Spaces on pages: made, changed, joined by link, left, and their trail."""

from __future__ import annotations

import csv
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.verifier.spaces.people import Team, create_team
from verifier.engine.reports import RENDERERS
from verifier.records.models import BpfObject
from verifier.spaces.models import AuditEntry, Invitation, Membership, Space
from verifier.spaces.models.audit import AppendOnlyError
from verifier.spaces.roles import Role

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture
def team() -> Team:
    """Make a private space."""
    return create_team()


def as_(team: Team, name: str) -> Client:
    """Sign somebody in."""
    client = Client()
    client.force_login(team.user(name))
    return client


def invite(team: Team, role: str = "submitter") -> str:
    """Make a link as the maintainer does; return its path."""
    page = as_(team, "maintainer").post("/spaces/team/invitations/", {"role": role})
    (path,) = re.findall(r"http://testserver(/invitations/[\w-]+/)", page.content.decode())
    return str(path)


def test_new_space_is_private_and_its_maker_maintains_it(ada: Client) -> None:
    answer = ada.post("/spaces/new/", {"name": "Fleet", "slug": "fleet"})
    assert answer["Location"] == "/spaces/fleet/"
    assert Space.objects.get(slug="fleet").visibility == "private"
    assert Membership.objects.get(space__slug="fleet").role == Role.MAINTAINER
    assert "you are a maintainer" in ada.get("/spaces/fleet/").content.decode()


@pytest.mark.parametrize("slug", ["new", "team", "a b", ""])
def test_address_that_is_taken_or_none_makes_no_space(team: Team, slug: str) -> None:
    answer = as_(team, "reader").post("/spaces/new/", {"name": "x", "slug": slug})
    assert answer.status_code == 422
    told = "There is a space at this address already" in answer.content.decode()
    assert told == (slug == "team")
    assert not Space.objects.filter(name="x").exists()


def test_page_shows_the_objects_and_to_members_the_members(team: Team) -> None:
    team.space.visibility = "public"
    team.space.save()
    inside = as_(team, "reader").get("/spaces/team/").content.decode()
    outside = Client().get("/spaces/team/").content.decode()
    for page in (inside, outside):
        assert "team.bpf.o" in page
    assert '<th scope="row">maintainer</th>' in inside
    assert '<th scope="row">maintainer</th>' not in outside


def test_object_of_a_public_space_opens_without_signing_in(team: Team) -> None:
    address = team.object.get_absolute_url()
    assert Client().get(address).status_code == 302
    team.space.visibility = "public"
    team.space.save()
    assert Client().get(address).status_code == 200


def test_link_makes_a_member_once(team: Team) -> None:
    path = invite(team)
    outsider = as_(team, "outsider")
    assert "maintainer invites you as a submitter" in outsider.get(path).content.decode()
    assert outsider.post(path)["Location"] == "/spaces/team/"
    assert team.space.memberships.get(user__username="outsider").role == Role.SUBMITTER
    assert as_(team, "reader").post(path).status_code == 410


def test_link_makes_an_account_for_who_has_none(team: Team) -> None:
    path, form = invite(team), {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    client = Client()
    assert client.post(path, {**form, "password2": "other"}).status_code == 200
    assert client.post(path, form)["Location"] == "/spaces/team/"
    assert client.get("/spaces/team/").status_code == 200
    assert not User.objects.get(username="eve").is_staff


def test_link_takes_nothing_away(team: Team) -> None:
    path = invite(team, "reader")
    as_(team, "reviewer").post(path)
    assert team.space.memberships.get(user__username="reviewer").role == Role.REVIEWER


def test_link_does_not_work_when_it_is_old_withdrawn_or_its_maker_left(team: Team) -> None:
    path = invite(team)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_(team, "outsider").post(path).status_code == 410
    path = invite(team)
    link = Invitation.objects.order_by("-pk")[0]
    as_(team, "maintainer").post(f"/spaces/team/invitations/{link.pk}/")
    assert as_(team, "outsider").post(path).status_code == 410
    path = invite(team)
    team.user("maintainer").space_memberships.update(role=Role.READER)
    assert as_(team, "outsider").post(path).status_code == 410


def test_token_of_a_link_is_not_kept(team: Team) -> None:
    token = invite(team).split("/")[2]
    assert token not in str(Invitation.objects.values()) + str(AuditEntry.objects.values())


@pytest.mark.parametrize("other", [None, "one whose account is out of use"])
def test_last_maintainer_stays(team: Team, other: str | None) -> None:
    client = as_(team, "maintainer")
    if other:
        gone = User.objects.create_user("gone", is_active=False)
        team.space.memberships.create(user=gone, role=Role.MAINTAINER)
    member = team.space.memberships.get(user=team.user("maintainer"))
    for path, form in (
        ("/spaces/team/leave/", {}),
        (f"/spaces/team/members/{member.pk}/", {"remove": "1"}),
        (f"/spaces/team/members/{member.pk}/", {"role": "reader"}),
    ):
        assert "needs a maintainer" in client.post(path, form, follow=True).content.decode()
    assert team.space.memberships.get(pk=member.pk).role == Role.MAINTAINER


def test_member_who_was_removed_gets_nothing_more_from_an_open_page(team: Team) -> None:
    reader = as_(team, "reader")
    address = team.object.get_absolute_url()
    assert reader.get(address).status_code == 200
    member = team.space.memberships.get(role=Role.READER)
    as_(team, "maintainer").post(f"/spaces/team/members/{member.pk}/", {"remove": "1"})
    for path in (address, f"{address}progress/", f"{address}?format=json", "/spaces/team/"):
        assert reader.get(path).status_code == 404


def test_settings_are_kept_and_wrong_ones_named(team: Team) -> None:
    client = as_(team, "maintainer")
    form = {"name": "Team", "visibility": "accounts", "retention_days": "30"}
    assert client.post("/spaces/team/settings/", form)["Location"] == "/spaces/team/"
    team.space.refresh_from_db()
    assert (team.space.visibility, team.space.retention_days) == ("accounts", 30)
    for wrong in ({"retention_days": "0"}, {"visibility": "moon"}, {"kernels": "9.9"}):
        assert client.post("/spaces/team/settings/", {**form, **wrong}).status_code == 422


def test_space_goes_when_its_address_is_typed(team: Team) -> None:
    client = as_(team, "maintainer")
    client.post("/spaces/team/delete/", {"confirm": "tea"})
    assert Space.objects.filter(slug="team").exists()
    client.post("/spaces/team/delete/", {"confirm": "team"})
    assert not Space.objects.filter(slug="team").exists()
    assert AuditEntry.objects.get(what="space deleted").subject == "team"


def test_trail_is_exported_whole_and_safe_for_spreadsheets(team: Team) -> None:
    AuditEntry.objects.record(team.space, team.user("reader"), "=1+1", "@x", why="\u202e")
    client = as_(team, "maintainer")
    assert "=1+1" in client.get("/spaces/team/audit/").content.decode()
    rows = list(
        csv.reader(client.get("/spaces/team/audit/?format=csv").content.decode().splitlines())
    )
    assert rows[0] == ["at", "actor", "what", "subject", "data"]
    assert not any(cell.startswith(("=", "@", "+", "-")) for cell in rows[1])
    plain = client.get("/spaces/team/audit/?format=json").json()
    assert (plain["version"], plain["entries"][0]["what"]) == (1, "=1+1")
    assert client.get("/spaces/team/audit/?format=exe").status_code == 404


def test_trail_is_neither_changed_nor_removed(team: Team) -> None:
    entry = AuditEntry.objects.record(team.space, None, "made")
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(what="x"),
    ):
        with pytest.raises(AppendOnlyError):
            change()
    assert AuditEntry.objects.get().what == "made"


def test_admin_shows_spaces_and_the_trail_and_removes_neither_trail_nor_reviews(
    admin_client: Client, team: Team
) -> None:
    entry = AuditEntry.objects.record(team.space, None, "made")
    assert "Team" in admin_client.get("/admin/spaces/space/").content.decode()
    address = f"/admin/spaces/auditentry/{entry.pk}"
    assert admin_client.get(f"{address}/change/").status_code == 200
    assert admin_client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    team.object.reviews.create(decision="remark", text="x")
    review = team.object.reviews.get()
    answer = admin_client.post(f"/admin/verifier/review/{review.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403


def test_names_of_strangers_stay_text(team: Team) -> None:
    Space.objects.filter(slug="team").update(name="<script>alert(1)</script>\u202e")
    for path in ("/spaces/", "/spaces/team/"):
        page = as_(team, "maintainer").get(path).content.decode()
        assert "<script>alert" not in page
        assert "\u202e" not in page


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_space_exports_a_report_in_every_format(team: Team, name: str) -> None:
    page = as_(team, "reader").get(f"/spaces/{team.space.slug}/report/?format={name}")
    assert page.status_code == 200
    assert "kfmap-space-team." in page["Content-Disposition"]
    if name in ("html", "json", "markdown", "text"):
        assert "team.bpf.o" in page.content.decode()
    asked = as_(team, "reader").get(f"/api/spaces/{team.space.slug}/report/?format={name}")
    assert asked.content == page.content
    assert as_(team, "outsider").get(f"/api/spaces/team/report/?format={name}").status_code == 404


def test_list_of_many_spaces_comes_in_pages(team: Team) -> None:
    Space.objects.bulk_create(
        Space(slug=f"s{at}", name=f"more {at:03}", visibility="accounts") for at in range(110)
    )
    client = as_(team, "reader")
    first, second = (client.get(f"/spaces/?page={at}").content.decode() for at in (1, 2))
    assert 'href="?page=2">Next</a>' in first
    assert 'href="?page=1">Before</a>' in second
    assert sum('href="/spaces/s109/"' in page for page in (first, second)) == 1


def test_loader_is_changed_in_no_other_space_than_the_one_that_was_named(team: Team) -> None:
    address = f"/objects/{team.object.sha256}/loader/"
    form = {"set": "debug=1", "space": "of-others"}
    assert as_(team, "submitter").post(address, form).status_code == 404
    assert BpfObject.objects.get().loader == {}
    assert as_(team, "submitter").post(address, {**form, "space": "team"}).status_code == 302
    assert BpfObject.objects.get().loader == {"set": ["debug=1"]}
