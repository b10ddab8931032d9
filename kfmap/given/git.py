"""Ask git what a tree is: its commit, whether files differ from it, and the files of a bare clone.

git itself is asked, for there is no other reader of all its forms (worktrees, alternates, packs).
Monitors, hooks, pagers and transports that a repository configures are not started.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kfmap.given.files import GivenError

_SECONDS = 120
_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat",
    "-c", "protocol.allow=never", "-c", "core.sshCommand=false", "-c", "tar.umask=0022",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit of a tree, by `git describe` where a tag leads there; `dirty`: files differ."""

    hash: str
    description: str
    dirty: bool

    def __str__(self) -> str:
        text = f"commit {self.hash[:12]}"
        if self.description and not self.hash.startswith(self.description):
            text += f" ({self.description})"
        return f"{text} with changes that are not committed" if self.dirty else text


def is_bare(folder: Path) -> bool:
    """Return whether a folder is a repository without files."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def find_commit(folder: Path, revision: str = "HEAD") -> Commit | None:
    """Return the commit of a checkout or a bare clone, None where git cannot say."""
    found = _ask(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if found is None:
        return None
    described = _ask(folder, "describe", "--tags", "--always", found) or ""
    dirty = False
    if not is_bare(folder) and revision == "HEAD":
        changed = _ask(folder, "status", "--porcelain", "--untracked-files=no", "--", ".")
        dirty = bool(changed)
    return Commit(found, described, dirty)


def is_checkout(folder: Path) -> bool:
    """Return whether a folder is the top of a working tree."""
    return (folder / ".git").exists()


@contextmanager
def archived(folder: Path, revision: str) -> Iterator[IO[bytes]]:
    """Return the files of a commit as a tar archive. Raises GivenError where git has none."""
    commit = find_commit(folder, revision)
    if commit is None:
        raise GivenError(f"{folder} has no commit {revision}, or git is not installed.")
    command = ["git", *_SAFE, "-C", str(folder), "archive", "--format=tar", commit.hash]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.communicate()


def _ask(folder: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", *_SAFE, "-C", str(folder), *arguments]
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.decode(errors="replace").strip() if ran.returncode == 0 else None


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
