"""The container's file: its lines are run, one after the other, in a folder that stands for /.

What changes the machine is replaced: `useradd` and `pip` take notes, and `pip` looks for what it is
told to install. No registry is asked, so the base image itself is not part of this.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.process import ROOT, environment

_OF_THE_BUILD = ("kfmap/settings.py", "pyproject.toml", "requirements.txt", "static")
FILE = ROOT / "deploy" / "Containerfile"
_PIP = """#!/bin/sh
set -e
echo "$PWD: pip $@" >> "$NOTES"
for word in "$@"; do
  case "$word" in
    requirements.txt) grep -q '==' requirements.txt ;;
    .) test -f pyproject.toml && test -f kfmap/settings.py && test -d static ;;
  esac
done
"""


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
    for name, text in (("pip", _PIP), ("useradd", '#!/bin/sh\necho "useradd $@" >> "$NOTES"\n')):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return environment(tmp_path / "data", PATH=path, NOTES=str(tmp_path / "notes.txt"))


def test_lines_run_in_their_order(tmp_path: Path, machine: dict[str, str]) -> None:
    root, folder = tmp_path / "root", Path("/")
    root.mkdir()
    for word, rest in instructions():
        here = root / folder.relative_to("/")
        if word == "WORKDIR":
            folder = Path(rest)
            (root / folder.relative_to("/")).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            *sources, to = rest.split()
            for source in sources:
                _copy(source, here / to)
        elif word == "RUN":
            line = rest.replace("/opt/kfmap", str(root / "opt" / "kfmap"))
            subprocess.run(["sh", "-ec", line], cwd=here, env=machine, check=True, timeout=60)
    notes = (tmp_path / "notes.txt").read_text()
    assert [line.partition("pip ")[2] for line in notes.splitlines() if "pip " in line] == [
        "install --no-cache-dir -r requirements.txt",
        "install --no-cache-dir --no-deps .",
    ]
    assert not list((root / "opt" / "kfmap").glob("*")), "the source does not stay in the image"
    told = dict(instructions())
    user = told["USER"]
    assert f" {user}\n" in notes, "the user that the server runs as was made"
    home = notes.partition("--home-dir ")[2].split()[0]
    assert told["WORKDIR"] == home
    assert told["VOLUME"] == dict(item.split("=") for item in told["ENV"].split())["KFMAP_DATA_DIR"]


def test_command_is_one_that_kfmap_takes(machine: dict[str, str]) -> None:
    program, command, *options = (
        word.strip('",') for word in shlex.split(dict(instructions())["CMD"].strip("[]"))
    )
    assert program == "kfmap"
    call = [sys.executable, str(ROOT / "manage.py"), command, *options, "--help"]
    subprocess.run(call, env=machine, check=True, capture_output=True, timeout=120)
    assert dict(instructions())["EXPOSE"] == "8000"


def _copy(source: str, to: Path) -> None:
    """Copy a part of what a build from a fresh clone has: enough for what is looked for."""
    if source != ".":
        shutil.copy(ROOT / source, to)
        return
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--", *_OF_THE_BUILD],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, to / name)
