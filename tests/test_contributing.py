"""What contributors are told is true: paths, commands, hooks, versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kfmap import __version__

BASE = Path(__file__).parents[1]
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
_PATH = re.compile(r"`((?:kfmap|verifier|tests|static|templates)/[\w/.-]+)`")


@pytest.mark.parametrize("name", FILES)
def test_paths_that_are_named_exist(name: str) -> None:
    text = (BASE / name).read_text()
    links = re.findall(r"\]\(([\w/.-]+)\)", text)
    named = [path for path in _PATH.findall(text) if "NAME" not in path]
    assert links or named
    assert not [path for path in links + named if not (BASE / path).exists()]


def test_modules_that_are_to_be_run_exist() -> None:
    named = re.findall(r"python -m (tests\.\w+)", (BASE / "CONTRIBUTING.md").read_text())
    assert named
    for module in named:
        folder = BASE / module.replace(".", "/")
        assert (folder / "__main__.py").exists() or folder.with_suffix(".py").exists(), module


def test_examples_of_the_loop_select_tests() -> None:
    (path,) = re.findall(r"tests/run (\S+\.py) -k hook", (BASE / "CONTRIBUTING.md").read_text())
    assert re.search(r"^def test_\w*hook", (BASE / path).read_text(), re.M)


def test_hooks_are_checks_that_the_whole_run_makes() -> None:
    (repo,) = yaml.safe_load((BASE / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local"
    tools = {hook["entry"].split()[0] for hook in repo["hooks"]}
    run = (BASE / "tests" / "run").read_text()
    assert all(tool.startswith(".venv/bin/") for tool in tools)
    assert all(re.search(rf"^ *(check \w+ +)?{tool[10:]}\b", run, re.M) for tool in tools)


def test_tools_of_hooks_are_pinned() -> None:
    pinned = re.findall(
        r"^([\w-]+)(?:\[.*\])?==", (BASE / "requirements-dev.txt").read_text(), re.M
    )
    assert {"ruff", "mypy", "import-linter", "pytest", "pre-commit"} <= set(pinned)


def test_changelog_begins_with_the_version() -> None:
    versions = re.findall(r"^## \[(.*?)\]", (BASE / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == __version__


def test_licence_is_the_one_that_the_package_names() -> None:
    text = (BASE / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
