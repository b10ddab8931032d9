"""A count of what a space holds is kept until uploads change, and is of nobody else."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.verifier.spaces.people import create_team
from verifier.records.kept_answers import once_per_uploads
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader

pytestmark = pytest.mark.django_db


@once_per_uploads
def count(reader: Reader) -> int:
    return BpfObject.objects.visible_to(reader).count()


def test_count_is_made_anew_when_uploads_change(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    team = create_team()
    reader = team.user("reader")
    assert count(reader) == 1
    with django_assert_num_queries(1):  # whether anything changed
        assert count(reader) == 1
    assert count(team.user("outsider")) == 0
    team.submission.delete()
    assert count(reader) == 0
