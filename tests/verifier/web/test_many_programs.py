"""The page of an object with many programs: folded, so that it can be looked over."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.verifier.web.checked_object import create_checked_object

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_folder")]


def _page(client: Client, count: int) -> str:
    obj = create_checked_object(*(f"program_{number}" for number in range(count)))
    return client.get(obj.get_absolute_url()).content.decode()


def test_calls_of_many_programs_are_folded_into_one(ada: Client) -> None:
    text = _page(ada, 30)
    assert "<summary>The kfuncs of 30 programs</summary>" in text
    assert 'class="verdicts dense"' in text


def test_a_few_programs_are_shown_at_once(ada: Client) -> None:
    text = _page(ada, 3)
    assert "The kfuncs of" not in text
    assert 'class="verdicts"' in text
