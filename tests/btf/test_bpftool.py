"""bpftool sees the same types as we do, in what we read and in what we write."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kfmap.btf.read import Btf, read_btf
from kfmap.btf.trim import trim_btf
from tests.btf.sample import sample_kernel

BPFTOOL = shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not BPFTOOL, reason="needs bpftool")


def _dump(btf: bytes, folder: Path) -> list[tuple[int, str, str]]:
    """Return id, kind and name of all types as bpftool prints them."""
    file = folder / "kernel.btf"
    file.write_bytes(btf)
    command = [BPFTOOL or "", "btf", "dump", "file", str(file), "format", "raw"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"^\[(\d+)\] (\w+) '([^']*)'", text, re.MULTILINE)
    return [(int(type_id), kind, name.replace("(anon)", "")) for type_id, kind, name in rows]


def _ours(btf: Btf) -> list[tuple[int, str, str]]:
    ids = range(1, len(btf))
    return [(type_id, btf.kind(type_id).name, btf.name(type_id)) for type_id in ids]


def test_bpftool_reads_the_same_types(tmp_path: Path) -> None:
    data = sample_kernel().build()
    assert _dump(data, tmp_path) == _ours(read_btf(data))


def test_bpftool_reads_trimmed_btf(tmp_path: Path) -> None:
    trimmed = trim_btf(read_btf(sample_kernel().build()), {"bpf_task_acquire"})
    assert _dump(trimmed, tmp_path) == _ours(read_btf(trimmed))
