"""Every package says what its room is for and where to begin, and names only what is there."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

BASE = Path(__file__).parents[1]
PACKAGES = sorted(
    path.parent.relative_to(BASE)
    for root in ("kfmap", "verifier")
    for path in (BASE / root).rglob("__init__.py")
    if not {"migrations", "management"} & set(path.parts)
)
TOP_LEVEL = frozenset(
    [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "deploy",
        "kfmap",
        "manage.py",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
        "static",
        "templates",
        "tests",
        "verifier",
    ]
)


def docstring(package: Path) -> str:
    return ast.get_docstring(ast.parse((BASE / package / "__init__.py").read_text())) or ""


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_package_says_what_it_is_for_in_two_sentences(package: Path) -> None:
    assert len(re.findall(r"[.;?](?=\s|$)", docstring(package))) >= 2


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_package_names_only_what_is_there(package: Path) -> None:
    for named in re.findall(r"`([\w/.-]+(?:\.py|\.md|/))`", docstring(package)):
        places = (BASE, BASE / package, BASE / package.parent)
        assert any((place / named).exists() for place in places), named


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent.relative_to(BASE) for path in (BASE / "kfmap").rglob("*.py")}
    folders |= {path.parent.relative_to(BASE) for path in (BASE / "verifier").rglob("*.py")}
    assert not [folder for folder in folders if not (BASE / folder / "__init__.py").exists()]


def test_nothing_strays_into_the_top_level() -> None:
    if not (BASE / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.check_output(["git", "-C", BASE, "ls-files"], text=True).splitlines()
    names = {name.partition("/")[0] for name in listed}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL
