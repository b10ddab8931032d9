"""An initramfs is a cpio archive that cpio itself reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kfmap.probe.initramfs import render_initramfs


def test_init_files_and_their_folders_stand_in_the_archive() -> None:
    archive = render_initramfs(b"program", {"modules/10-a.ko": b"module", "names.txt": b"bpf_one"})
    assert archive.startswith(b"070701")
    assert len(archive) % 4 == 0
    for name in (b"dev/console\0", b"init\0", b"modules\0", b"modules/10-a.ko\0", b"TRAILER!!!\0"):
        assert name in archive


@pytest.mark.guest
def test_cpio_unpacks_the_archive(tmp_path: Path) -> None:
    archive = render_initramfs(b"#!/bin/true\n", {"a/b/c.txt": b"12345"})
    command = ["cpio", "--extract", "--make-directories", "--quiet", "a/b/c.txt", "init"]
    subprocess.run(command, input=archive, cwd=tmp_path, check=True)
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"12345"
    assert (tmp_path / "init").stat().st_mode & 0o111
