"""Signatures beside reports: the programs that people check them with accept and refuse them."""

from __future__ import annotations

import io
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest

from kfmap.cli.commands import CommandFailedError
from kfmap.cli.report_output import write_report


def need(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def write(file: Path | str, key: Path | str, report: bytes = b"a report\n") -> None:
    write_report(report, Namespace(output=str(file), sign=str(key)), io.StringIO())


def test_ssh_signature_holds_for_these_bytes_only(tmp_path: Path) -> None:
    keygen, key, file = need("ssh-keygen"), tmp_path / "key", tmp_path / "report.txt"
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for _ in range(2):  # the second time there is a signature already
        write(file, key)
    signers = tmp_path / "signers"
    signers.write_text(f"ada@example.org {(tmp_path / 'key.pub').read_text()}")
    command: list[str | Path] = [
        keygen,
        "-Y",
        "verify",
        "-n",
        "kfmap",
        "-f",
        signers,
        "-I",
        "ada@example.org",
    ]
    command += ["-s", f"{file}.sig"]
    for report, code in ((file.read_bytes(), 0), (b"another report\n", 255)):
        done = subprocess.run(command, input=report, capture_output=True, check=False)
        assert done.returncode == code, done.stderr


def test_minisign_signature_holds_for_these_bytes_only(tmp_path: Path) -> None:
    minisign, key, file = need("minisign"), tmp_path / "key", tmp_path / "report.txt"
    public = tmp_path / "key.pub"
    subprocess.run([minisign, "-G", "-W", "-s", key, "-p", public], check=True, capture_output=True)
    write(file, key)
    command: list[str | Path] = [minisign, "-V", "-q", "-p", public, "-m", file]
    assert subprocess.run(command, check=False).returncode == 0
    file.write_bytes(b"another report\n")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_signing_needs_a_file_and_a_key_that_signs(tmp_path: Path) -> None:
    need("ssh-keygen")
    with pytest.raises(CommandFailedError, match="name it with -o"):
        write("", tmp_path / "key")
    with pytest.raises(CommandFailedError, match="cannot be read: No such file"):
        write(tmp_path / "report", tmp_path / "no-key")
    (tmp_path / "key").write_text("no key at all\n")
    with pytest.raises(CommandFailedError, match="is written, but not signed: "):
        write(tmp_path / "report", tmp_path / "key")


def test_bytes_are_kept_from_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with pytest.raises(CommandFailedError, match="not for a terminal"):
        write_report(b"\xff\x00", Namespace(output="", sign=""), Terminal())
