"""Code that took over a check process can do nothing but answer, also where one lock is missing."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from verifier.jobs.child import CHILD_ENVIRONMENT, ROOT, python_command
from verifier.jobs.confined import find_gaps

_HOSTILE = "tests.verifier.engine.confinement.hostile"
needs_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="calls x86-64 by number")


def attack(folder: Path, *lacks: str) -> dict[str, Any]:
    """Run the hostile code as a check process is run; return what it reports."""
    secret = folder / "secret-key"
    secret.write_text("secret")
    secret.chmod(0o644)
    for own in (folder, *folder.parents[:2]):  # not the permissions of the file keep it closed
        own.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = subprocess.run(
            python_command(_HOSTILE, str(secret), str(port), *lacks),
            cwd=ROOT,
            env=CHILD_ENVIRONMENT,
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    assert secret.read_text() == "secret"
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


@needs_x86
def test_hostile_code_can_do_nothing_but_answer(tmp_path: Path) -> None:
    report = attack(tmp_path)
    assert report["done"] == []
    assert set(report["environment"]) <= {"LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "LC_CTYPE"}


@needs_x86
@pytest.mark.parametrize("lacks", [("seccomp",), ("landlock",)])
def test_each_lock_holds_without_the_other(tmp_path: Path, lacks: tuple[str]) -> None:
    assert attack(tmp_path, *lacks)["done"] == []


@needs_x86
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be without root")
def test_worker_that_is_not_root_is_confined_likewise(tmp_path: Path) -> None:
    assert attack(tmp_path, "root")["done"] == []
    assert attack(tmp_path, "root", "landlock")["done"] == []


def test_this_platform_leaves_no_gap() -> None:
    assert find_gaps() == ()
