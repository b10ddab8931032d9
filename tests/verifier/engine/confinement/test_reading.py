"""A process that reads a kernel sees what it was given and its scratch folder, and no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from verifier.jobs.child import CHILD_ENVIRONMENT, ROOT
from verifier.jobs.confined import find_gaps

_ATTEMPTS = """
import json, socket, subprocess, sys
from pathlib import Path
from verifier.engine.confinement.reading import confine_reading

given, secret, scratch = map(Path, sys.argv[1:])
gaps = confine_reading([given], scratch)
attempts = {
    "read what was given": lambda: (given / "a.c").read_text(),
    "write in scratch": lambda: (scratch / "new").write_text("x"),
    "remove in scratch": lambda: (scratch / "new").unlink(),
    "start git": lambda: subprocess.run(["git", "--version"], check=True, capture_output=True),
    "import a module": lambda: __import__("zipfile"),
    "read a secret": secret.read_text,
    "list its folder": lambda: list(secret.parent.iterdir()),
    "read accounts": lambda: open("/etc/passwd").read(),
    "read another process": lambda: open("/proc/1/environ", "rb").read(),
    "read a secret by cat": lambda: subprocess.run(
        ["cat", str(secret)], check=True, capture_output=True
    ),
    "change what was given": lambda: (given / "a.c").write_text("x"),
    "make a link": lambda: (scratch / "link").symlink_to("/etc/passwd"),
    "make a socket": lambda: socket.socket(),
    "run what it wrote": lambda: (
        (scratch / "run").write_text("#!/bin/sh\\n"),
        (scratch / "run").chmod(0o700),
        subprocess.run([str(scratch / "run")], check=True),
    ),
}
done = []
for name, attempt in attempts.items():
    try:
        attempt()
        done.append(name)
    except (OSError, subprocess.SubprocessError):
        pass
print(json.dumps([gaps, done]))
"""


@pytest.mark.skipif(bool(find_gaps()), reason="this platform has no Landlock or no seccomp")
def test_only_what_was_given_can_be_read(tmp_path: Path) -> None:
    for name in ("given", "elsewhere", "scratch"):
        (tmp_path / name).mkdir()
    (tmp_path / "given/a.c").write_text("int x;")
    secret = tmp_path / "elsewhere/secret"
    secret.write_text("secret")
    paths = [str(tmp_path / "given"), str(secret), str(tmp_path / "scratch")]
    ended = subprocess.run(
        [sys.executable, "-c", _ATTEMPTS, *paths],
        cwd=ROOT,
        env={**CHILD_ENVIRONMENT, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    gaps, done = json.loads(ended.stdout)
    assert gaps == []
    assert done == [
        "read what was given",
        "write in scratch",
        "remove in scratch",
        "start git",
        "import a module",
    ]
    assert (tmp_path / "given/a.c").read_text() == "int x;"
