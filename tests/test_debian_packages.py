"""`tests/install_debian_packages`: asks a person at a terminal, and nobody else."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("install_debian_packages")
_NEEDED = ("bash", "env", "find", "sort", "tail")


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine without the packages, whose apt-get only takes notes."""
    for name in _NEEDED:
        path = shutil.which(name)
        assert path is not None
        (tmp_path / name).symlink_to(path)
    _write(tmp_path / "id", "echo 0")
    _write(tmp_path / "apt-get", f'echo "$@" >>{tmp_path / "notes"}')
    return {"PATH": str(tmp_path)}


def _write(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def installs(machine: dict[str, str]) -> bool:
    notes = Path(machine["PATH"]) / "notes"
    return notes.exists() and "install -y" in notes.read_text()


def run_at_terminal(machine: dict[str, str], answer: str, **changes: str) -> str:
    """Run the script on a terminal on which `answer` is typed; return what it said."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    script = subprocess.run(
        [SCRIPT], stdin=theirs, stdout=theirs, stderr=theirs, env={**machine, **changes}, timeout=30
    )
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert script.returncode == 0, said
    return said


def test_person_who_says_yes_gets_the_packages(machine: dict[str, str]) -> None:
    assert "with apt-get? [y/N]" in run_at_terminal(machine, "y\n")
    assert installs(machine)


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_person_who_does_not_say_yes_reads_their_names(
    machine: dict[str, str], answer: str
) -> None:
    assert "not installed (their tests are skipped): " in run_at_terminal(machine, answer)
    assert not installs(machine)


def test_ci_is_not_asked(machine: dict[str, str]) -> None:
    assert "[y/N]" not in run_at_terminal(machine, "", CI="true")
    assert installs(machine)


def test_nobody_at_a_terminal_is_not_asked(machine: dict[str, str]) -> None:
    done = subprocess.run(
        [SCRIPT], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=machine, check=True
    )
    assert "[y/N]" not in done.stdout + done.stderr
    assert installs(machine)


def test_user_without_root_reads_the_names(machine: dict[str, str]) -> None:
    _write(Path(machine["PATH"]) / "id", "echo 1000")
    assert "sudo apt-get install" in run_at_terminal(machine, "")
    assert not installs(machine)
