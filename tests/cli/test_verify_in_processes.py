"""`kfmap verify` in several processes: the same report, and what becomes of one that is killed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kfmap.cli.checking import choose_processes
from kfmap.cli.commands import CommandFailedError

ROOT = Path(__file__).parents[2]
OBJECTS = ROOT / "tests" / "objects"
SCHEDULER = OBJECTS / "scheduler.bpf.o"
_SOME = [OBJECTS / f"{name}.bpf.o" for name in ("kinds", "externs", "scheduler", "optional")]
_PATIENCE = 60  # seconds, on a machine with much else to do


@contextmanager
def start(fault: str, *arguments: object, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """Return the command, which is over at the end whatever becomes of the test."""
    command = [sys.executable, "-m", "tests.cli.verify_in_processes", fault]
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def verify(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Return what runs the command: fault and arguments → exit code, report, messages."""

    def run(fault: str, *arguments: object) -> tuple[int, str, str]:
        environment = {**os.environ, "KFMAP_DATA_DIR": str(tmp_path)}
        with start(fault, *arguments, env=environment) as process:
            out, err = process.communicate(timeout=_PATIENCE)
        return process.returncode, out, err

    return run


def test_report_is_the_same_byte_for_byte(verify: Callable[..., tuple[int, str, str]]) -> None:
    for inputs in ([OBJECTS], [SCHEDULER]):  # objects, and kernels, are shared out
        asked = (*inputs, "--kernel=6.12", "--kernel=7.2", "--kernel=7.3", "--format=json")
        one = verify("none", *asked, "--jobs=1")
        assert verify("none", *asked, "--jobs=3") == one
        assert json.loads(one[1])["objects"]


def test_where_no_process_can_be_started_the_command_checks_itself(
    verify: Callable[..., tuple[int, str, str]],
) -> None:
    asked = (*_SOME, "--kernel=7.3", "--format=json")
    assert verify("none of them", *asked, "--jobs=2") == verify("none", *asked, "--jobs=1")


def test_object_that_kills_its_process_is_the_only_one_lost(
    verify: Callable[..., tuple[int, str, str]],
) -> None:
    killer = hashlib.sha256(SCHEDULER.read_bytes()).hexdigest()
    code, out, err = verify(f"kill={killer}", *_SOME, "--kernel=7.3", "--jobs=2", "--format=json")
    report = json.loads(out)
    assert (code, err) == (2, "")
    others = [str(path) for path in _SOME if path != SCHEDULER]
    assert [obj["file"] for obj in report["objects"]] == others
    (error,) = report["errors"]
    assert error["file"] == str(SCHEDULER)
    assert "ended before it answered" in error["problem"]


def test_kernel_that_kills_its_process_is_the_only_one_lost(
    verify: Callable[..., tuple[int, str, str]],
) -> None:
    kernels = [f"--kernel={name}" for name in ("6.12", "7.1", "7.2", "7.3")]
    code, out, err = verify("kill=7.2", SCHEDULER, *kernels, "--jobs=2", "--format=json")
    report = json.loads(out)
    assert (code, err) == (2, "")
    asked = dict.fromkeys(row["kernel"] for row in report["objects"][0]["verdicts"])
    assert list(asked) == ["6.12", "7.1", "7.3"]
    (error,) = report["errors"]
    assert (error["file"], error["kernel"]) == (str(SCHEDULER), "7.2")


@pytest.mark.parametrize(
    ("number", "whom", "code"),
    [(signal.SIGINT, os.killpg, 130), (signal.SIGINT, os.kill, 130), (signal.SIGKILL, os.kill, -9)],
    ids=["ctrl-c", "interrupted alone", "killed"],
)
def test_all_processes_end_with_the_command(
    tmp_path: Path, number: signal.Signals, whom: Callable[[int, int], None], code: int
) -> None:
    environment = {**os.environ, "KFMAP_DATA_DIR": str(tmp_path)}
    arguments = (*_SOME, "--kernel=7.3", "--jobs=2")
    with start("wait", *arguments, env=environment, start_new_session=True) as process:
        children = wait_for(lambda: found if len(found := children_of(process.pid)) == 2 else None)
        whom(process.pid, number)
        out, err = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, out, err) == (code, "", "")
    assert wait_for(lambda: not any(map(lives, children)))


@pytest.mark.parametrize("number", [0, -1, 257])
def test_number_of_processes_makes_sense(number: int) -> None:
    with pytest.raises(CommandFailedError, match=r"--jobs takes a number of processes, 1 to 256\."):
        choose_processes(number)


def wait_for(ask: Callable[[], Any]) -> Any:
    """Return the first answer that is true."""
    until = time.monotonic() + _PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return answer


def children_of(pid: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    """Return whether there is the process, and it is not over (proc(5), stat: state)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
