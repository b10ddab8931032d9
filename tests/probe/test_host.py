"""The probe asks the kernel that runs these tests."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from kfmap.probe.evidence import Evidence, read_evidence
from kfmap.probe.host import (
    GUEST_SOURCE,
    SOURCE,
    ProbeError,
    build_guest,
    build_probe,
    find_compiler,
    find_compiler_error,
    probe_host,
    temporary_folder,
)
from tests.conftest import NO_BPF
from tests.docs.handbook_files import read as read_page


def _why_not() -> str:
    if os.geteuid() != 0:
        return "loading BPF programs needs root"
    if not Path("/sys/kernel/btf/vmlinux").exists():
        return "this kernel has no BTF"
    return ""


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    if reason := _why_not():
        pytest.skip(f"{NO_BPF}: {reason}")
    try:
        return read_evidence(probe_host(["bpf_dynptr_from_skb", "bpf_nobody_has_this"], few=True))
    except ProbeError as error:
        if "does not let this process load BPF programs" in str(error):
            pytest.skip(f"{NO_BPF}: {error}")
        raise


def test_the_kernel_of_this_host_answers_for_itself(evidence: Evidence) -> None:
    assert evidence.release == os.uname().release
    assert "bpf_nobody_has_this" not in evidence.kfuncs
    types = Path("/sys/kernel/btf/vmlinux").read_bytes()
    assert evidence.btf_sha256 == hashlib.sha256(types).hexdigest()
    letters = {letter for item in evidence.answers for letter in item.context.verdicts}
    assert {"A", "D"} <= letters


def test_a_kfunc_is_allowed_where_the_kernel_lets_it(evidence: Evidence) -> None:
    """bpf_task_acquire is for tracing, never for socket filters, on every kernel since 6.2."""
    at = evidence.kfuncs.index("bpf_task_acquire")
    by_type = {item.context.program_type: item.context.verdicts[at] for item in evidence.answers}
    assert by_type["BPF_PROG_TYPE_TRACING"] == "A"
    assert by_type["BPF_PROG_TYPE_SOCKET_FILTER"] == "D"


def test_only_some_contexts_may_sleep(evidence: Evidence) -> None:
    may_sleep = {item.context.program_type: item.may_sleep for item in evidence.answers}
    assert may_sleep["BPF_PROG_TYPE_SYSCALL"]
    assert not may_sleep["BPF_PROG_TYPE_XDP"]


@pytest.mark.parametrize("source", [SOURCE, GUEST_SOURCE], ids=lambda path: path.name)
def test_the_source_compiles_without_a_warning(source: Path, tmp_path: Path) -> None:
    command = [find_compiler(), "-O2", "-Wall", "-Wextra", "-Werror"]
    command += ["-o", str(tmp_path / "out"), str(source)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_program_is_static() -> None:
    assert build_probe().startswith(b"\x7fELF")
    assert build_guest(platform.machine()).startswith(b"\x7fELF")


def test_what_runs_as_root_on_a_host_changes_nothing_there() -> None:
    """What is downloaded can neither mount, nor load modules, nor turn the machine off."""
    source = SOURCE.read_text()
    calls = ("mount(", "reboot(", "finit_module", "BPF_LINK_CREATE", "PROG_ATTACH", "PROG_TEST_RUN")
    assert [call for call in calls if call in source] == []
    commands = {"PROG_LOAD", "BTF_GET_NEXT_ID", "GET_FD_BY_ID", "GET_INFO_BY_FD"}
    assert set(re.findall(r"bpf\((\w+),", source)) == commands
    assert re.findall(r"(?:popen|system|exec\w*)\(\"(\w+) (\S+)", source) == [
        ("sha256sum", "/sys/kernel/btf/vmlinux")
    ]


def test_without_root_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ProbeError, match="needs root"):
        probe_host([])


def test_without_a_compiler_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ProbeError, match="apt install gcc"):
        build_probe()


def test_a_full_temporary_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        pytest.raises(ProbeError, match=re.escape(f"There is no room in {tmp_path}: make some")),
        temporary_folder("test"),
    ):
        Path("/dev/full").write_bytes(b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("probe.c: In function 'main':\nprobe.c:3: error: no x\n", "probe.c:3: error: no x"),
        ("/t/c.s: Assembler messages:\n/t/c.s: Fatal error: can't write\n", "Fatal error: can't"),
        ("/usr/bin/ld: cannot find -lc: No such file\n", "cannot find -lc"),
        ("killed\n", "killed"),
        ("", "no reason given"),
    ],
)
def test_the_reason_of_a_compiler_is_the_line_that_tells(said: str, reason: str) -> None:
    assert reason in find_compiler_error(said)


def test_the_handbook_counts_the_lines_of_the_probe() -> None:
    said = re.search(r"one C file of (\d+) lines", " ".join(read_page("how-kfmap-knows").split()))
    assert said and int(said[1]) == len(SOURCE.read_text().splitlines())
