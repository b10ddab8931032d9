"""Templates that can be read: no line of them is longer than a screen is wide, twice over."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

LONGEST = 300
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: "/".join(path.parts[-2:]))
def test_lines_of_templates_are_short_enough_to_read(template: Path) -> None:
    long = [
        number
        for number, line in enumerate(template.read_text().splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert not long
