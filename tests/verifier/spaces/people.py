"""A private space with one person in each role, somebody outside of it, and an administrator."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User

from tests.verifier.conftest import create_object
from verifier.records.models import BpfObject, Submission
from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.roles import Role

OUTSIDE = ("visitor", "outsider")


@dataclass(frozen=True)
class Team:
    """The space, its people by what they are, and one object that its submitter uploaded."""

    space: Space
    people: dict[str, Reader]
    submission: Submission
    object: BpfObject

    def user(self, name: str) -> User:
        """Return somebody who has an account."""
        person = self.people[name]
        assert isinstance(person, User)
        return person


def create_team() -> Team:
    """Put the space, its people and its object into the database."""
    space = Space.objects.create(slug="team", name="Team")
    people: dict[str, Reader] = {"visitor": AnonymousUser()}
    people["outsider"] = User.objects.create_user("outsider")
    for role in Role:
        person = User.objects.create_user(role)
        space.memberships.create(user=person, role=role)
        people[role] = person
    people["administrator"] = User.objects.create_superuser("administrator")
    submission = Submission.objects.create(user=User.objects.get(username="submitter"), space=space)
    obj = create_object("team.bpf.o", shared=False)
    submission.files.create(name="team.bpf.o", object=obj)
    return Team(space, people, submission, obj)
