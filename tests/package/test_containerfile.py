"""The container's file: its lines are run, one after the other, in a folder that stands for /.

What changes the machine is replaced: `useradd`, `install` and `pip` take notes, and `pip` looks for
what it is told to install. No registry is asked, so the base image itself is not part of this.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.process import ROOT, environment

FILE = ROOT / "deploy" / "Containerfile"
_PIP = """#!/bin/sh
set -e
echo "pip $@" >> "$NOTES"
for word in "$@"; do
  case "$word" in
    */requirements.txt) grep -q '==' "$word" ;;
    *.whl) test -f "$word" ;;
    .) test -f pyproject.toml && test -f kfmap/settings.py && test -d static && test -d templates ;;
  esac
  if [ "$before" = --wheel-dir ]; then mkdir "$word" && touch "$word/kfmap-1-py3-none-any.whl"; fi
  before=$word
done
"""
_TAKES_NOTES = '#!/bin/sh\necho "${0##*/} $@" >> "$NOTES"\n'


def instructions() -> Iterator[tuple[str, str]]:
    """Return the words in capitals, each with what follows."""
    for line in FILE.read_text().replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("pip", _PIP), ("useradd", _TAKES_NOTES), ("install", _TAKES_NOTES)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return environment(tmp_path / "data", PATH=path, NOTES=str(tmp_path / "notes.txt"))


def test_lines_run_in_their_order(tmp_path: Path, machine: dict[str, str]) -> None:
    stages: dict[str, Path] = {}
    root, folder = tmp_path, Path("/")
    for word, rest in instructions():
        if word == "FROM":
            root, folder = tmp_path / f"stage{len(stages)}", Path("/")
            (root / "tmp").mkdir(parents=True)
            stages[rest.partition(" AS ")[2]] = root
        elif word == "WORKDIR":
            folder = Path(rest)
            _in_stage(root, folder).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            *sources, to = rest.split()
            stage = sources.pop(0).removeprefix("--from=") if "--from=" in rest else ""
            for source in sources:
                of_stage = _in_stage(stages[stage], Path(source)) if stage else ROOT / source
                _copy(of_stage, _in_stage(root, folder / to))
        elif word == "RUN":
            line = re.sub(r"(?<=\s)/(?=\w)", f"{root}/", rest)
            here = _in_stage(root, folder)
            subprocess.run(["sh", "-ec", line], cwd=here, env=machine, check=True, timeout=60)
    notes = (tmp_path / "notes.txt").read_text()
    built, image = stages.values()
    assert [line for line in notes.splitlines() if line.startswith("pip ")] == [
        f"pip wheel --no-cache-dir --no-deps --wheel-dir {built}/wheel .",
        f"pip install --no-cache-dir -r {image}/tmp/requirements.txt",
        f"pip install --no-cache-dir --no-deps {image}/tmp/wheel/kfmap-1-py3-none-any.whl",
    ]
    assert not list(image.rglob("*.py")), "the source does not stay in the image"
    told = dict(instructions())
    user = told["USER"]
    assert f" {user}\n" in notes, "the user that the server runs as was made"
    home = notes.partition("--home-dir ")[2].split()[0]
    assert f"{image}{told['WORKDIR']}" == home
    data = dict(item.split("=") for item in told["ENV"].split())["KFMAP_DATA_DIR"]
    assert told["VOLUME"] == data
    assert f"install -d -o {user} -g {user} -m 700 {image}{data}\n" in notes


def test_command_is_one_that_kfmap_takes(machine: dict[str, str]) -> None:
    program, command, *options = (
        word.strip('",') for word in shlex.split(dict(instructions())["CMD"].strip("[]"))
    )
    assert program == "kfmap"
    call = [sys.executable, str(ROOT / "manage.py"), command, *options, "--help"]
    subprocess.run(call, env=machine, check=True, capture_output=True, timeout=120)
    assert dict(instructions())["EXPOSE"] == "8000"


def _in_stage(root: Path, place: Path) -> Path:
    """Return where a place of an image is in the folder that stands for its /."""
    return root / place.relative_to("/")


def _copy(source: Path, to: Path) -> None:
    """Copy a file, or what a fresh clone has of a folder."""
    if source.is_file():
        shutil.copy(source, to)
    elif source.is_relative_to(ROOT):
        listed = subprocess.run(
            ["git", "-C", str(source), "ls-files", "-z"], check=True, capture_output=True, text=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, to / name)
    else:
        shutil.copytree(source, to)
