"""The latest objects of a reader are read from their spaces, whatever is in others."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kfmap.permission.engine import ENGINE_VERSION
from tests.verifier.conftest import create_object
from tests.verifier.spaces.people import Team, create_team
from verifier.engine.judging.choice_text import plain_choices
from verifier.engine.judging.choices import LoaderChoices
from verifier.records import newest
from verifier.records.cursor import OLDEST, START, Cursor
from verifier.records.id_lists import calling_ids
from verifier.records.identity import identify_uploads
from verifier.records.loaders import loader_key, move_to_loader
from verifier.records.models import BpfObject, Job, Submission, SubmittedFile
from verifier.records.newest import find_newest, ids_in, put_files_in_spaces, sees_few
from verifier.records.store import find_stale
from verifier.spaces.models import Space
from verifier.spaces.roles import Action
from verifier.web import views

pytestmark = pytest.mark.django_db
FILL = import_module("verifier.records.migrations.0019_fill_files_in_spaces")


@pytest.fixture
def team() -> Team:
    """Make a private space with an object."""
    return create_team()


def add_objects(submission: Submission, count: int) -> list[BpfObject]:
    """Upload objects, each of them twice; return them, the latest first."""
    made = [
        create_object(f"{at}.o", sha256=f"{submission.pk:032x}{at:032x}", shared=False)
        for at in range(count)
    ]
    for obj in [*made, *made]:
        submission.files.create(name=obj.file_name, object=obj)
    return made[::-1]


def test_latest_of_every_space_of_a_reader_come_in_order(team: Team) -> None:
    reader, outsider = team.user("reader"), team.user("outsider")
    before = add_objects(team.submission, 4)
    own = add_objects(Submission.objects.create(user=reader), 2)
    add_objects(Submission.objects.create(user=outsider), 3)
    assert list(find_newest(reader, 5)) == [*own, *before[:3]]
    assert list(find_newest(reader, 100)) == [*own, *before, team.object]
    assert list(ids_in(team.space)[:2]) == [obj.pk for obj in before[:2]]
    assert find_newest(team.user("administrator"), 100).count() == 10


def test_reader_of_few_is_told_from_one_of_many(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.records.newest.LOOKED_AT", 2)
    monkeypatch.setattr("verifier.records.newest._UP_TO_MANY._built", {})
    reader = team.user("reader")
    assert sees_few(reader)
    add_objects(team.submission, 1)
    assert not sees_few(reader)
    assert sees_few(User.objects.create_user("nobody"))


@pytest.mark.parametrize("many", [1, 3, 1000])
def test_stale_objects_are_counted_the_same_whatever_is_read(
    team: Team, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    own = add_objects(team.submission, 4)
    add_objects(Submission.objects.create(user=team.user("outsider")), 6)
    BpfObject.objects.filter(pk=own[0].pk).update(checked_by=ENGINE_VERSION)
    for module in (views, newest):
        monkeypatch.setattr(module, "LOOKED_AT", many)
    for question in ("_STALE_OF_ALL", "_STALE_OF_LATEST"):
        monkeypatch.setattr(getattr(views, question), "_built", {})
    monkeypatch.setattr("verifier.records.newest._UP_TO_MANY._built", {})
    submits = Space.objects.where(team.user("submitter"), Action.SUBMIT)
    expected = find_stale().filter(submitted__space__in=submits).distinct().count()
    assert views._count_stale(team.user("submitter")) == expected
    assert expected >= 3


@pytest.mark.parametrize("many", [0, 2, 1000])
def test_upload_with_an_open_job_is_known_whatever_is_read(
    team: Team, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("verifier.records.models.submission._MANY", many)
    other = Submission.objects.create(user=team.user("outsider"))
    add_objects(team.submission, 1)
    Job.objects.create(object=add_objects(other, 1)[0])
    assert other.has_open_jobs(other.files.count())
    assert not team.submission.has_open_jobs(team.submission.files.count())


def test_no_job_is_looked_for_where_none_is_open(
    team: Team, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr("verifier.records.models.submission._MANY", 2)
    Job.objects.create(object=add_objects(team.submission, 3)[0], state=Job.State.DONE)
    with django_assert_num_queries(1):
        assert not team.submission.has_open_jobs(4)


def test_latest_are_asked_by_an_index_of_their_space(team: Team) -> None:
    if connection.vendor == "sqlite":
        plan = find_newest(team.user("outsider"), 50).explain()
        assert "USING COVERING INDEX latest_in_space (space_id=? AND object_id>?)" in plan
        assert "SCAN" not in plan


def test_what_an_older_web_process_took_in_is_listed_soon(team: Team) -> None:
    SubmittedFile.objects.update(space=None)  # as a release before this one leaves it
    reader = team.user("reader")
    assert not find_newest(reader, 5).exists()
    assert BpfObject.objects.visible_to(reader).exists()
    put_files_in_spaces()
    assert find_newest(reader, 5).get() == team.object


def test_object_that_no_upload_names_goes_into_the_shared_space(team: Team) -> None:
    nameless = create_object("old.bpf.o", sha256="cd" * 32, shared=False)
    SubmittedFile.objects.update(space=None)
    FILL.fill(apps, None)
    FILL.upload_the_nameless(apps, None)
    FILL.upload_the_nameless(apps, None)  # a second time changes nothing
    assert list(BpfObject.objects.visible_to(team.user("outsider"))) == [nameless]
    assert find_newest(team.user("outsider"), 5).get().name_here == "old.bpf.o"
    assert SubmittedFile.objects.filter(object=nameless).get().space == Space.objects.shared()
    assert find_newest(team.user("reader"), 5).count() == 2


def test_space_page_leads_to_its_older_and_newer_objects(team: Team) -> None:
    objects = [*add_objects(team.submission, 120), team.object]
    client = Client()
    client.force_login(team.user("reader"))

    def names(address: str) -> tuple[list[str], dict[str, str]]:
        text = client.get(f"/spaces/team/{address}").content.decode()
        links = {word: link for link, word in re.findall(r'<a href="(\?[^"]*)">(\w+)</a>', text)}
        return re.findall(r">(\w+\.(?:bpf\.)?o)</a>", text), links

    first, links = names("")
    second, links = names(links["Older"])
    third, links = names(links["Older"])
    assert [*first, *second, *third] == [obj.file_name for obj in objects]
    assert "Older" not in links
    assert names(links["Newer"])[0] == second
    last, links = names("?page=last")
    assert last == [obj.file_name for obj in objects][-50:]
    assert names(links["Newest"])[0] == names("?page=1")[0] == names("?cursor=what")[0] == first
    assert names("?page=2")[0] == second
    assert names("?page=9")[0] == last


def test_object_that_a_space_has_with_another_loader_makes_its_pages_new(team: Team) -> None:
    reader = team.user("reader")
    elsewhere = Submission.objects.create(user=team.user("outsider"))
    elsewhere.files.create(name="x.o", object=team.object)
    debugging = LoaderChoices(values={"debug": 1})
    said = plain_choices(debugging)
    other = BpfObject.objects.create(
        sha256=team.object.sha256, size=1, loader=said, loader_key=loader_key(said)
    )
    before = identify_uploads(reader)
    assert move_to_loader(team.object, team.space, debugging) == other
    assert identify_uploads(reader) != before


@pytest.mark.parametrize("looked_at", [2, 5000])
def test_callers_of_a_kfunc_are_found_whoever_else_calls_it(
    team: Team, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr("verifier.records.id_lists.LOOKED_AT", looked_at)
    reader, outsider = team.user("reader"), team.user("outsider")
    of_team = add_objects(team.submission, 6)
    own = add_objects(Submission.objects.create(user=reader), 3)
    strange = add_objects(Submission.objects.create(user=outsider), 5)
    calling = [own[1], *of_team[::2]]
    for obj in [*strange, *calling, *calling]:
        program = obj.programs.create(name="a", position=obj.programs.count())
        program.calls.create(object=obj, kfunc="f", weak=False, instruction=1, path=[])
    ids = [obj.pk for obj in calling]

    found = calling_ids(reader, "f")
    assert found.read(START, 9) == found.skip(0, 9) == ids
    assert found.read(START, 2) == ids[:2]
    assert found.read(Cursor(below=ids[1]), 2) == found.skip(2, 2) == ids[2:]
    assert found.read(OLDEST, 2) == ids[-2:]
    assert found.read(Cursor(above=ids[2]), 9) == ids[:2]
    assert calling_ids(reader, "f", "4").read(START, 9) == []
    assert calling_ids(reader, "f", "5.O").read(START, 9) == ids[1:2]
    assert calling_ids(reader, "f", space=team.space).read(START, 9) == ids[1:]
    assert calling_ids(reader, "g").read(START, 9) == []
    assert calling_ids(team.user("administrator"), "f").read(START, 9)[:5] == [
        obj.pk for obj in strange
    ]
