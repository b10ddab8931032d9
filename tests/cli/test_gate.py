"""What makes `kfmap verify` fail: policies, unknown, and what is new since a baseline."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.cli.test_verify import OBJECTS, SCHEDULER, kernels, verify

__all__ = ["kernels"]
pytestmark = pytest.mark.django_db
FINE = OBJECTS / "bare.bpf.o"
QUIET = (
    "version: 1\nname: x\nverdicts: {refused: allow, fails_at_run_time: allow, unknown: allow}\n"
)


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """Keep what is found in the scheduler now."""
    path = tmp_path / "baseline.json"
    path.write_text(verify(SCHEDULER, "--format=json")[1])
    return path


def write(folder: Path, text: str) -> Path:
    """Keep a policy."""
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def test_what_the_baseline_has_does_not_fail(baseline: Path) -> None:
    assert verify(SCHEDULER)[0] == 1
    assert verify(SCHEDULER, "--fail-on=new", f"--baseline={baseline}")[0] == 0
    assert verify(SCHEDULER, f"--baseline={baseline}")[0] == 0


def test_what_the_baseline_has_of_another_file_fails(baseline: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bpf.o"
    other.write_bytes(SCHEDULER.read_bytes())
    assert verify(other, "--fail-on=new", f"--baseline={baseline}")[0] == 1


def test_broken_object_fails_whatever_the_baseline_has(baseline: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpf.o"
    broken.write_bytes(b"\x7fELF")
    assert verify(broken, f"--baseline={baseline}")[0] == 2


def test_policy_that_denies_fails_and_says_what(tmp_path: Path) -> None:
    policy = write(tmp_path, QUIET.replace("refused: allow", "refused: deny"))
    code, text = verify(SCHEDULER, f"--policy={policy}")
    assert code == 1
    assert "scheduler.bpf.o: policy deny (verdict)" in text
    assert verify(FINE, f"--policy={write(tmp_path, QUIET)}") == verify(FINE)


def test_policy_that_warns_fails_nothing(tmp_path: Path) -> None:
    policy = write(tmp_path, QUIET + "kernels: ['9.9']\n".replace("allow", "warn"))
    assert verify(FINE, f"--policy={policy}")[0] == verify(FINE)[0]


def test_report_for_machines_stays_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = write(tmp_path, "version: 1\nname: x\n")
    code, text = verify(SCHEDULER, f"--policy={policy}", "--format=json")
    assert code == 1
    assert text == verify(SCHEDULER, "--format=json")[1]
    assert "policy deny (verdict)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fail-on=new"], "--fail-on new needs --baseline REPORT"),
        (["--policy=/nowhere.yaml"], "/nowhere.yaml cannot be read: No such file or directory"),
        (["--baseline=/nowhere.json"], "/nowhere.json cannot be read"),
        (["--policy={bad}"], "bad, line 1: version is missing"),
        (["--baseline={bad}"], "bad is not a baseline: it is not a report of"),
    ],
)
def test_wrong_option_says_what_to_do(tmp_path: Path, options: list[str], said: str) -> None:
    bad = tmp_path / "bad"
    bad.write_text("name: 1\n")
    with pytest.raises(CommandError) as raised:
        verify(FINE, *(option.format(bad=bad) for option in options))
    assert said in str(raised.value)
