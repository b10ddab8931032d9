"""What a killed worker unpacked goes; what others have, and what is under way, stays."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from kfmap.adding.scratch import remove_left_folders, scratch_folder

_WORKER = """
import sys
from kfmap.adding.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "tree").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make_old(folder: Path, seconds: float = 120) -> None:
    then = time.time() - seconds
    os.utime(folder, (then, then))


def test_folder_of_a_killed_worker_goes() -> None:
    command = [sys.executable, "-c", _WORKER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        folder = Path(worker.stdout.readline().strip())
        make_old(folder)
        remove_left_folders()
        assert folder.is_dir()  # its worker lives
        worker.kill()
        worker.wait()
    remove_left_folders()
    assert not folder.exists()


def test_folder_of_which_the_removal_was_cut_off_goes(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_folder / "kfmap-adding-left"
    (folder / "source").mkdir(parents=True)
    (folder / ".held").touch()
    (folder / "types.out").touch()
    make_old(folder)
    with monkeypatch.context() as killed:
        killed.setattr("os.rmdir", raise_killed)
        with pytest.raises(KeyboardInterrupt):
            remove_left_folders()
    make_old(folder)
    remove_left_folders()
    assert not folder.exists()


def raise_killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_folder_is_gone_when_the_work_is_done(own_folder: Path) -> None:
    with scratch_folder() as folder:
        (folder / "tree").mkdir()
    assert list(own_folder.iterdir()) == []


def test_folders_of_others_stay(own_folder: Path) -> None:
    kept = own_folder / "kfmap-adding-kept"
    kept.mkdir()
    (own_folder / "kfmap-adding-link").symlink_to(kept, target_is_directory=True)
    other = own_folder / "kfmap-other"
    young = own_folder / "kfmap-adding-young"
    for folder in (other, young):
        folder.mkdir()
        (folder / ".held").touch()
    make_old(other)
    make_old(kept)  # an older release has it, perhaps
    remove_left_folders()
    assert {item.name for item in own_folder.iterdir()} == {
        "kfmap-adding-kept",
        "kfmap-adding-link",
        "kfmap-adding-young",
        "kfmap-other",
    }
    make_old(kept, 2 * 24 * 3600)
    remove_left_folders()
    assert not kept.exists()
