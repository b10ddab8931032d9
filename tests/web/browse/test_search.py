"""How search says on which kernels a name is."""

from __future__ import annotations

import pytest

from kfmap.web.browse.search import say_kernels

EVERY = ["6.1", "6.12", "6.17", "6.18", "7.1"]


@pytest.mark.parametrize(
    ("some", "said"),
    [
        (EVERY, "every kernel"),
        (["7.1"], "7.1"),
        (["6.18", "7.1"], "6.18, 7.1"),
        (["6.12", "6.17", "6.18"], "6.12 to 6.18"),
        (["6.1", "6.17", "6.18", "7.1"], "6.1, 6.17 to 7.1"),
    ],
)
def test_kernels_are_said_as_runs_of_releases(some: list[str], said: str) -> None:
    assert say_kernels(some, EVERY) == said
