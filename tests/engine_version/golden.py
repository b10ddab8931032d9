"""The golden file: a version and the answers given under it; here, and in earlier commits.

Versions are compared with those of earlier commits, so that neither editing the file by hand nor
two branches that chose the same next version go unnoticed.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("golden.json")
_COMMITS = 2  # the last commit that touched the file, and the one before


@dataclass(frozen=True, slots=True)
class Golden:
    """The answers (question → hash) given under one engine version."""

    version: int
    answers: dict[str, str]

    def differing(self, answers: dict[str, str]) -> list[str]:
        """Return the questions of both that are answered differently."""
        both = self.answers.keys() & answers.keys()
        return sorted(question for question in both if self.answers[question] != answers[question])


def read_golden(text: str) -> Golden:
    """Read what `write_golden` wrote."""
    body = json.loads(text)
    return Golden(body["version"], body["answers"])


def write_golden(golden: Golden) -> str:
    """Return the file: one line per question."""
    body = {"version": golden.version, "answers": golden.answers}
    return json.dumps(body, indent=0) + "\n"


def committed(folder: Path = FILE.parent) -> list[Golden]:
    """Return the golden file of the last commits that touched it, newest first.

    Outside a git checkout there is none; in a shallow one there may be fewer.
    """
    revisions = _git(folder, "log", f"-{_COMMITS}", "--format=%H", "--", FILE.name).split()
    texts = (_git(folder, "show", f"{revision}:./{FILE.name}") for revision in revisions)
    return [read_golden(text) for text in texts if text]


def least_version(answers: dict[str, str], earlier: Iterable[Golden]) -> int:
    """Return the lowest version under which these answers may be given."""
    least = 1
    for golden in earlier:
        least = max(least, golden.version + bool(golden.differing(answers)))
    return least


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
