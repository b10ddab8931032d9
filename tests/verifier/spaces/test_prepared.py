"""Prepared questions find what the ORM finds, for every reader and at every moment."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.verifier.spaces.people import Team, create_team
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.prepared import ROW, Prepared
from verifier.spaces.roles import Action, Role, Visibility

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]
OBJECTS = Prepared(lambda reader, _: BpfObject.objects.visible_to(reader))
NAMED = Prepared(lambda reader, name: BpfObject.objects.visible_to(reader).named(name))
SPACES = Prepared(lambda reader, _: Space.objects.where(reader, Action.SUBMIT))
ONE = Prepared(lambda reader, _: BpfObject.objects.visible_to(reader).filter(pk=ROW))


@pytest.fixture
def team() -> Team:
    return create_team()


def _readers(team: Team) -> list[Reader]:
    return [*team.people.values(), User.objects.create_user("gone", is_active=False)]


def test_every_reader_finds_what_the_orm_finds(team: Team) -> None:
    for reader in _readers(team):
        seen = BpfObject.objects.visible_to(reader)
        assert OBJECTS.rows(reader) == list(seen)
        assert OBJECTS.count(reader) == seen.count()
        assert SPACES.rows(reader) == list(Space.objects.where(reader, Action.SUBMIT))


def test_rows_are_whole_and_named_as_the_reader_sees_them(team: Team) -> None:
    team.submission.files.update(name="elsewhere.bpf.o")
    (found,) = OBJECTS.rows(team.user("reader"))
    assert found.file_name == "elsewhere.bpf.o"
    assert (found.notes, found.created_at) == (team.object.notes, team.object.created_at)


def test_a_question_is_about_the_row_that_is_asked_for(team: Team) -> None:
    for reader in _readers(team):
        seen = BpfObject.objects.visible_to(reader).filter(pk=team.object.pk)
        assert ONE.rows(reader, row=team.object.pk) == list(seen)
        assert ONE.rows(reader, row=team.object.pk + 1) == []


def test_a_text_is_a_value_whatever_is_in_it(team: Team) -> None:
    reader = team.user("reader")
    for name in ("team.bpf.o", "other", "'; --", "%s", "{}", ""):
        assert NAMED.rows(reader, name) == list(
            OBJECTS.rows(reader) if name == "team.bpf.o" else []
        )


def test_what_somebody_may_counts_at_once(team: Team) -> None:
    reader = team.user("reader")
    assert OBJECTS.count(reader) == 1
    team.space.memberships.filter(user=reader).delete()
    assert OBJECTS.count(reader) == 0
    Space.objects.update(visibility=Visibility.ACCOUNTS, accounts_role=Role.SUBMITTER)
    assert (OBJECTS.count(reader), SPACES.count(reader)) == (1, 1)


def test_it_stands_within_another_question(team: Team) -> None:
    sql = "SELECT %s, MAX(id), COUNT(*) FROM ({}) found"
    assert OBJECTS.within(sql, ["value"], team.user("reader")) == ("value", team.object.pk, 1)
    assert OBJECTS.within(sql, ["value"], team.user("outsider")) == ("value", None, 0)


def test_it_asks_once_each_time(team: Team) -> None:
    with CaptureQueriesContext(connection) as asked:
        OBJECTS.rows(team.user("reader"))
        OBJECTS.count(team.user("outsider"))
    assert len(asked) == 2
