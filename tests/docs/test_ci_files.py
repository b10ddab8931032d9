"""The ready files for CI: their shell lines are run, one after the other, and end as they should.

What installs kfmap and what compiles objects is replaced: `pip` takes notes, `make build` copies an
object that is there already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.handbook_files import first_column, section
from tests.server.process import ROOT, environment

FILES = ROOT / "kfmap" / "docs" / "ci"
OBJECTS = ROOT / "tests" / "objects"
REFUSED, PASSES = "scheduler.bpf.o", "instructions.bpf.o"


def read(name: str) -> Any:
    return yaml.safe_load((FILES / name).read_text())


def lines_of(name: str) -> list[str]:
    """Return the shell lines of a file."""
    if name == "github.yml":
        steps = read(name)["jobs"]["verify"]["steps"]
        return [step["run"] for step in steps if "run" in step]
    return list(read(name)["kfmap"]["script"])


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a fresh machine with kfmap on it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    write_program(programs / "kfmap", f'exec "{sys.executable}" -m kfmap.cli "$@"')
    write_program(programs / "pip", f'echo "$@" >> "{tmp_path}/pip.txt"')
    write_program(programs / "make", f'mkdir -p build && cp "$OBJECT" build/{REFUSED}')
    return environment(
        tmp_path / "data",
        PATH=f"{programs}:{os.environ['PATH']}",
        PYTHONPATH=str(ROOT),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
    )


def write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def run(lines: list[str], folder: Path, machine: dict[str, str], obj: str) -> Iterator[int]:
    """Run lines as a runner does, each in a shell that ends at the first error."""
    for line in lines:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", line],
            cwd=folder,
            env={**machine, "OBJECT": str(OBJECTS / obj)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        yield done.returncode
        if done.returncode:
            return


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
@pytest.mark.parametrize(("obj", "code"), [(REFUSED, 1), (PASSES, 0)])
def test_lines_decide_at_the_end(
    name: str, obj: str, code: int, tmp_path: Path, machine: dict[str, str]
) -> None:
    lines = lines_of(name)
    codes = list(run(lines, tmp_path, machine, obj))
    assert codes == [0] * (len(lines) - 1) + [code]
    assert "kfmap-" in (tmp_path / "pip.txt").read_text()
    written = {
        "github.yml": ["kfmap.sarif", "summary.md"],
        "gitlab.yml": ["kfmap.xml", "kfmap.html"],
    }
    assert all((tmp_path / file).stat().st_size for file in written[name])


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_an_object_that_cannot_be_read_ends_the_run(
    name: str, tmp_path: Path, machine: dict[str, str]
) -> None:
    lines = [line for line in lines_of(name) if "|| true" not in line]
    codes = list(run(lines, tmp_path, machine, "kinds.bpf.c"))
    assert codes[-1] != 0
    assert len(codes) < len(lines), "what is refused and what is unreadable end alike"


def test_sarif_that_is_uploaded_is_the_one_that_is_written() -> None:
    steps = read("github.yml")["jobs"]["verify"]["steps"]
    (upload,) = [step for step in steps if "upload-sarif" in step.get("uses", "")]
    assert any(f"-o {upload['with']['sarif_file']}" in step.get("run", "") for step in steps)


def test_hook_takes_the_files_that_pre_commit_names(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (local,) = read("pre-commit.yml")["repos"][0]["hooks"]
    assert (hook["id"], hook["files"]) == (local["id"], local["files"])
    for name, code in ((REFUSED, 1), (PASSES, 0)):
        shutil.copy(OBJECTS / name, tmp_path)
        assert list(run([f"{local['entry']} {name}"], tmp_path, machine, name)) == [code]


def test_handbook_names_every_file() -> None:
    named = {Path(path).name for path in first_column(section("ci", "Ready files"))}
    assert named == {path.name for path in FILES.iterdir()}
