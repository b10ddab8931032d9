"""A row of a list of objects is made anew as soon as it says something else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.verifier.spaces.people import create_team
from verifier.engine.result import PASSES, REFUSED
from verifier.records.models import Job, Review
from verifier.records.outcome import Outcome
from verifier.records.reviews import Change, Reviewed
from verifier.web.object_rows import Listed, render_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def test_row_says_what_became_of_the_object() -> None:
    team = create_team()
    obj = team.object
    obj.jobs.all().delete()
    rows: list[Listed] = [(obj, [], None)]
    assert "no job" in render_rows(rows)[0]
    obj.jobs.create(state=Job.State.RUNNING)
    assert "running" in render_rows(rows)[0]
    (passes,) = render_rows([(obj, [Outcome(PASSES, ("7.3",))], None)])
    assert "verdict-passes" in passes
    (refused,) = render_rows([(obj, [Outcome(REFUSED, ("7.3", "7.2"))], None)])
    assert "verdict-refused" in refused
    assert "7.2" in refused


def test_row_of_what_nobody_has_decided_needs_a_review_once_it_is_checked() -> None:
    """As the page of the object says; the column had been left empty."""
    obj = create_team().object
    obj.jobs.all().delete()
    obj.jobs.create(state=Job.State.RUNNING)
    assert "Needs review" not in render_rows([(obj, [], None)])[0]
    assert "Needs review" in render_rows([(obj, [Outcome(PASSES, ("7.3",))], None)])[0]


def test_row_names_who_decided_and_what_changed_since() -> None:
    team = create_team()
    obj = team.object
    author = User.objects.create_user("None")
    outcomes = [Outcome(PASSES, ("7.3",))]

    def row(*, by: User | None, changes: tuple[Change, ...] = ()) -> str:
        decision = Review.Decision.SIGNED_OFF
        review = Review(object=obj, author=by, decision=decision, space=team.space)
        listed = [(obj, outcomes, Reviewed(review, changes))]
        assert f"in {team.space.name}" not in render_rows(listed)[0]
        return render_rows(listed, of_all_spaces=True)[0]

    assert f"by somebody in {team.space.name}" in row(by=None)
    assert "by None in" in row(by=author)
    assert "verdicts have changed since" in row(by=author, changes=(Change("7.3", "", PASSES),))


def test_name_of_a_file_is_escaped_and_the_size_stands_where_it_is_asked_for() -> None:
    obj = create_team().object
    obj.file_name = "<b>.o"
    (plain,) = render_rows([(obj, [], None)])
    assert "&lt;b&gt;.o" in plain
    assert 'class="number"' not in plain
    assert 'class="number"' in render_rows([(obj, [], None)], of_all_spaces=True)[0]
