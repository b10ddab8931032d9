"""Spaces and reviews in the admin: what ends at once, what is written down, what stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from kfmap.accounts.models import SignIn
from kfmap.api.models import ApiToken, create_token
from tests.verifier.spaces.people import Team, create_team
from tests.verifier.spaces.test_space_pages import as_
from verifier.records.models import BpfObject, Review, Submission, Waiver
from verifier.spaces.models import AuditEntry, Invitation, Notice, Space
from verifier.spaces.roles import Role

pytestmark = pytest.mark.django_db
REACHABLE = """
    kfmap_accounts/setuplink kfmap_accounts/signin auth/user kfmap_adding/addition
    kfmap_api/apitoken spaces/auditentry spaces/ending spaces/invitation spaces/space
    verifier/bpfobject verifier/job verifier/review verifier/submission verifier/waiver
    verifier_rechecking/recheck verifier_webhooks/delivery verifier_webhooks/webhook
"""


@pytest.fixture
def team() -> Team:
    """Make a private space."""
    return create_team()


def act(team: Team, place: str, action: str, *rows: int, sure: bool = False) -> str:
    """Do something with rows of a list, as the administrator does; return the page after it."""
    form = {"action": action, "_selected_action": list(rows), **({"post": "yes"} if sure else {})}
    answer = as_(team, "administrator").post(f"/admin/{place}/", form, follow=True)
    assert answer.status_code in (200, 403)
    return answer.content.decode()


def test_everything_that_runs_a_server_is_listed(team: Team) -> None:
    client = as_(team, "administrator")
    front = client.get("/admin/").content.decode()
    for place in REACHABLE.split():
        assert f'href="/admin/{place}/"' in front
        assert client.get(f"/admin/{place}/").status_code == 200, place


def test_waiver_ends_at_once_and_its_owner_is_told(team: Team) -> None:
    waiver = Waiver.objects.create(
        space=team.space,
        fingerprint="ab" * 16,
        finding="toy_move: not allowed",
        reason="until 7.3",
        owner=team.user("reviewer"),
        expires_at=timezone.now() + timedelta(days=3),
    )
    assert "1 waiver has ended." in act(team, "verifier/waiver", "expire", waiver.pk)
    assert not Waiver.objects.active().exists()
    entry = AuditEntry.objects.get(what="waiver withdrawn")
    assert (entry.actor_name, entry.subject) == ("administrator", "toy_move: not allowed")
    assert "ends a waiver in Team" in Notice.objects.get(user=team.user("reviewer")).text
    assert "0 waivers have ended." in act(team, "verifier/waiver", "expire", waiver.pk)
    act(team, "verifier/waiver", "delete_selected", waiver.pk, sure=True)
    assert Waiver.objects.exists()


def test_invitation_token_and_session_end_at_once(team: Team) -> None:
    _, link = Invitation.objects.make(team.space, Role.READER, team.user("maintainer"))
    act(team, "spaces/invitation", "expire", Invitation.objects.get().pk)
    assert as_(team, "outsider").post(f"/invitations/{link}/").status_code == 410
    assert AuditEntry.objects.filter(what="invitation withdrawn").count() == 1
    text = create_token(team.user("reader"), "CI", ["read"], 3)
    told = act(team, "kfmap_api/apitoken", "revoke", ApiToken.objects.get().pk)
    assert "1 token is revoked." in told
    answer = Client(headers={"Authorization": f"Bearer {text}"}).get("/api/objects/")
    assert answer.status_code == 401
    for action in ("expire", "delete_selected"):
        reader = as_(team, "reader")
        row = SignIn.objects.get(session_key=reader.session.session_key)
        act(team, "kfmap_accounts/signin", action, row.pk, sure=True)
        assert reader.get("/accounts/").status_code == 302, action
        assert not Session.objects.filter(session_key=row.session_key).exists()


def test_change_of_a_space_is_in_its_trail(team: Team) -> None:
    client = as_(team, "administrator")
    rows = list(team.space.memberships.order_by("pk"))
    form = {
        "name": "The team",
        "slug": "team",
        "visibility": "private",
        "kernels": "[]",
        "memberships-TOTAL_FORMS": str(len(rows)),
        "memberships-INITIAL_FORMS": str(len(rows)),
    }
    for number, row in enumerate(rows):
        given = {"id": row.pk, "space": team.space.pk, "user": row.user.pk, "role": row.role}
        form |= {f"memberships-{number}-{name}": str(value) for name, value in given.items()}
    form |= {"memberships-0-role": "reviewer", "memberships-1-DELETE": "on"}
    answer = client.post(f"/admin/spaces/space/{team.space.pk}/change/", form)
    assert answer.status_code == 302, answer.content.decode()
    told = AuditEntry.objects.order_by("pk").values_list("what", "subject")
    assert list(told) == [
        ("settings changed", "team"),
        ("role changed", "reader"),
        ("member removed", "submitter"),
    ]
    empty = Space.objects.create(slug="empty", name="Empty")
    act(team, "spaces/space", "delete_selected", empty.pk, sure=True)
    assert AuditEntry.objects.get(what="space deleted").subject == "empty"


def test_reviews_go_with_nothing_that_the_admin_deletes(team: Team) -> None:
    Review.objects.create(
        object=team.object, space=team.space, author=team.user("reviewer"), decision="signed_off"
    )
    for place, row in (
        ("verifier/review", Review.objects.get().pk),
        ("verifier/bpfobject", team.object.pk),
        ("verifier/submission", team.submission.pk),
        ("verifier/submittedfile", team.submission.files.get().pk),
        ("spaces/space", team.space.pk),
    ):
        act(team, place, "delete_selected", row, sure=True)
        as_(team, "administrator").post(f"/admin/{place}/{row}/delete/", {"post": "yes"})
        assert Review.objects.count() == 1, place
    act(team, "auth/user", "delete_selected", team.user("reviewer").pk, sure=True)
    assert not User.objects.filter(username="reviewer").exists()
    assert Review.objects.count() == 1, "it stays without its author"
    Review.objects.all().delete()
    act(team, "verifier/submission", "delete_selected", team.submission.pk, sure=True)
    assert not Submission.objects.exists() and not BpfObject.objects.exists()


def change_members(team: Team, change: dict[str, dict[str, str]]) -> str:
    """Change members of the space in the admin; return the page that answers."""
    address = f"/admin/spaces/space/{team.space.pk}/change/"
    members = list(team.space.memberships.order_by("pk"))
    form = {"slug": "team", "name": "Team", "about": "", "visibility": "private", "kernels": "[]"}
    form |= {"owner": str(Space.objects.get(slug="team").owner_id or "")}
    form |= {"memberships-TOTAL_FORMS": f"{len(members)}"}
    form |= {"memberships-INITIAL_FORMS": f"{len(members)}"}
    for at, row in enumerate(members):
        said = {"id": f"{row.pk}", "space": f"{team.space.pk}", "user": f"{row.user_id}"}
        said |= {"role": row.role, **change.get(row.user.username, {})}
        form |= {f"memberships-{at}-{name}": value for name, value in said.items()}
    answer = as_(team, "administrator").post(address, form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("change", [{"DELETE": "on"}, {"role": "reader"}])
def test_last_maintainer_stays_in_the_admin_too(team: Team, change: dict[str, str]) -> None:
    said = "A space needs a maintainer: make somebody else one first."
    assert said in change_members(team, {"maintainer": change})
    assert team.space.memberships.get(role=Role.MAINTAINER).user == team.user("maintainer")
    other = {"reviewer": {"role": "maintainer"}}
    assert said not in change_members(team, {"maintainer": change, **other})
    assert team.space.memberships.get(role=Role.MAINTAINER).user == team.user("reviewer")


def test_owner_of_a_personal_space_stays_its_maintainer(team: Team) -> None:
    Space.objects.filter(pk=team.space.pk).update(owner=team.user("maintainer"))
    team.space.memberships.filter(user__username="reviewer").update(role=Role.MAINTAINER)
    assert "A space needs a maintainer" in change_members(team, {"maintainer": {"DELETE": "on"}})
    assert team.space.memberships.filter(user=team.user("maintainer")).exists()


def test_uploads_are_found_by_their_files_and_by_who_sent_them(team: Team) -> None:
    client = as_(team, "administrator")
    for text, count in (("EAM.bpf", 1), ("submitter", 1), ("nothing of it", 0)):
        page = client.get(f"/admin/verifier/submission/?q={text}").content.decode()
        assert f"{count} upload" in page or f"{count} submission" in page, text


def test_objects_are_found_by_name_and_by_how_their_hash_begins(team: Team) -> None:
    client = as_(team, "administrator")
    for text, count in (("EAM.bpf", 1), (team.object.sha256[:9].upper(), 1), ("nothing of it", 0)):
        page = client.get(f"/admin/verifier/bpfobject/?q={text}").content.decode()
        assert f"{count} object" in page, text
