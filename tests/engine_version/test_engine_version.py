"""The engine version rises with what the engine says, and the golden file with both."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kfmap.permission.engine import ENGINE_VERSION
from tests.engine_version.answers import hash_answers
from tests.engine_version.golden import (
    FILE,
    Golden,
    committed,
    least_version,
    read_golden,
    write_golden,
)

RENEW = "run `python -m tests.engine_version` and commit the two files it writes"


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    return hash_answers()


def test_golden_file_has_the_version_and_the_answers_of_the_engine(answers: dict[str, str]) -> None:
    golden = read_golden(FILE.read_text())
    assert golden.version == ENGINE_VERSION, RENEW
    assert not golden.differing(answers), f"answered differently now: {RENEW}"
    assert golden.answers.keys() == answers.keys(), f"other kernels or objects: {RENEW}"


def test_version_rose_where_answers_changed_since_the_last_commits(answers: dict[str, str]) -> None:
    least = least_version(answers, committed())
    assert least <= ENGINE_VERSION, f"answers changed, version {least} is due: {RENEW}"


def test_changed_answer_asks_for_a_higher_version() -> None:
    earlier = [Golden(7, {"a on 7.2 11": "x"}), Golden(6, {"a on 7.2 11": "y"})]
    assert least_version({"a on 7.2 11": "x"}, earlier) == 7
    assert least_version({"a on 7.2 11": "z"}, earlier) == 8


def test_same_version_chosen_by_two_branches_is_found() -> None:
    earlier = [Golden(7, {"a": "x", "b": "y"}), Golden(7, {"a": "x", "b": "before"})]
    assert least_version({"a": "x", "b": "y"}, earlier) == 8


def test_new_question_asks_for_no_higher_version() -> None:
    assert least_version({"a on 7.2 22": "z"}, [Golden(7, {"a on 7.2 11": "x"})]) == 7


def test_committed_files_are_read_newest_first(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        settings = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(tmp_path), *settings, *arguments], check=True)

    git("init", "-q")
    for version in (1, 2, 3):
        (tmp_path / FILE.name).write_text(write_golden(Golden(version, {"a": str(version)})))
        git("add", ".")
        git("commit", "-qm", str(version))
    assert [golden.version for golden in committed(tmp_path)] == [3, 2]


def test_folder_outside_git_has_no_committed_files(tmp_path: Path) -> None:
    assert committed(tmp_path) == []
