"""Links of the handbook lead somewhere, and so do the paths that it names; drawings are one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kfmap.web.handbook.pages import CONTENTS, FOLDER, anchor_of, list_slugs
from tests.docs.handbook_files import PAGES, read

BASE = Path(__file__).parents[2]
_PATH = re.compile(r"`((?:kfmap|verifier|tests|static|templates)/[\w/.-]+)`")


def test_every_file_is_in_the_list_of_contents() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {*list_slugs(), CONTENTS}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_a_page_and_a_heading_of_it(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([\w-]+)\.md(?:#([\w-]+))?\)", read(page)):
        assert (FOLDER / f"{target}.md").exists(), target
        headings = re.findall(r"^#+ (.*)$", read(target), re.M)
        assert not anchor or anchor in {anchor_of(title) for title in headings}, anchor


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_are_named_exist(page: str) -> None:
    for path in _PATH.findall(read(page)):
        assert (BASE / path).exists(), path


def test_modules_of_the_flow_engine_that_are_named_exist() -> None:
    named = re.findall(r"`(\w+\.py)`", read("flow-engine"))
    assert named
    assert all((BASE / "verifier" / "engine" / "flow" / name).exists() for name in named)


def test_architecture_draws_what_the_readme_draws() -> None:
    drawings = [
        re.findall(r"```\n(entry .*?)```", text, re.S)
        for text in (read("architecture"), (BASE / "README.md").read_text())
    ]
    assert drawings[0] == drawings[1]
    assert len(drawings[0]) == 1
