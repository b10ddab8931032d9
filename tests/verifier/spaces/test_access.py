"""The rule of who may see and do what."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from tests.verifier.spaces.people import OUTSIDE, Team, create_team
from verifier.records.models import BpfObject, Review, Submission
from verifier.spaces.access import may, role_of
from verifier.spaces.models import Space
from verifier.spaces.roles import ROLE_FOR, Action, Role, Visibility

pytestmark = pytest.mark.django_db
INSIDE = (*Role, "administrator")


@pytest.fixture
def team() -> Team:
    """Make a private space."""
    return create_team()


@pytest.mark.parametrize("action", Action)
def test_role_may_do_what_it_says_and_what_those_before_it_may(team: Team, action: Action) -> None:
    able = {name for name, person in team.people.items() if may(person, action, team.space)}
    assert able == {*ROLE_FOR[action].at_least(), "administrator"}


def test_private_space_is_seen_by_its_people_only(team: Team) -> None:
    for name, person in team.people.items():
        seen = name not in OUTSIDE
        assert Space.objects.visible_to(person).filter(slug="team").exists() == seen
        assert BpfObject.objects.visible_to(person).exists() == seen
        assert Submission.objects.visible_to(person).exists() == seen


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        (Visibility.PRIVATE, set()),
        (Visibility.ACCOUNTS, {"outsider"}),
        (Visibility.PUBLIC, {"outsider", "visitor"}),
    ],
)
def test_visibility_opens_a_space_to_those_outside(
    team: Team, visibility: str, seen_by: set[str]
) -> None:
    team.space.visibility = visibility
    team.space.save()
    seers = {name for name in OUTSIDE if BpfObject.objects.visible_to(team.people[name]).exists()}
    assert seers == seen_by
    assert not any(may(team.people[name], Action.SUBMIT, team.space) for name in OUTSIDE)


def test_role_of_accounts_counts_only_in_a_space_that_is_open_to_them(team: Team) -> None:
    team.space.accounts_role = Role.REVIEWER
    team.space.save()
    assert role_of(team.people["outsider"], team.space) is None
    team.space.visibility = Visibility.ACCOUNTS
    team.space.save()
    assert role_of(team.people["outsider"], team.space) == Role.REVIEWER
    assert role_of(team.people["visitor"], team.space) is None


def test_membership_that_ended_counts_at_once(team: Team) -> None:
    reader = team.user("reader")
    assert may(reader, Action.SEE, team.space)
    reader.space_memberships.all().delete()
    assert not may(reader, Action.SEE, team.space)


def test_account_that_was_put_out_of_use_sees_nothing(team: Team) -> None:
    for name in ("maintainer", "administrator"):
        person = team.user(name)
        person.is_active = False
        person.save()
        assert not may(person, Action.SEE, team.space)


def test_object_has_for_each_reader_the_name_it_has_there(team: Team) -> None:
    outsider = team.user("outsider")
    own = Submission.objects.create(user=outsider)
    own.files.create(name="mine.bpf.o", object=team.object)
    assert BpfObject.objects.visible_to(outsider).get().file_name == "mine.bpf.o"
    assert BpfObject.objects.visible_to(team.user("reader")).get().file_name == "team.bpf.o"
    assert not BpfObject.objects.visible_to(outsider).named("team", partly=True).exists()


def test_reviews_are_read_in_the_space_they_were_written_in(team: Team) -> None:
    outsider = team.user("outsider")
    Submission.objects.create(user=outsider).files.create(name="a.o", object=team.object)
    Review.objects.create(
        object=team.object, space=team.space, author=team.user("reviewer"), decision="remark"
    )
    assert Review.objects.visible_to(team.user("reader")).count() == 1
    assert Review.objects.visible_to(outsider).count() == 0


def test_upload_that_names_no_space_is_its_uploaders_own() -> None:
    ada, bob = (User.objects.create_user(name) for name in ("ada", "bob"))
    submission = Submission.objects.create(user=ada)
    assert submission.space == Space.objects.personal(ada)
    assert Submission.objects.visible_to(ada).exists()
    assert not Submission.objects.visible_to(bob).exists()


def test_upload_of_nobody_is_seen_and_worked_with_by_every_account() -> None:
    ada = User.objects.create_user("ada")
    space = Submission.objects.create(user=None).space
    assert space is not None
    assert may(ada, Action.REVIEW, space)
    assert not may(AnonymousUser(), Action.SEE, space)


def test_people_whose_names_give_one_address_have_a_space_each() -> None:
    names = ("ada", "ADA", "@@@")
    spaces = [Space.objects.personal(User.objects.create_user(name)) for name in names]
    assert len({space.slug for space in spaces}) == 3
