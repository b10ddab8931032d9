"""A shell script in the place of QEMU: guests that hang, panic or lie cannot be shipped."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from kfmap.probe import guest
from verifier.opinions.asking import BootedKernel

HEAD = {"format": "kfmap-opinion", "version": 1, "release": "7.2.12+deb13-amd64", "libbpf": "v1.5"}
LOG = (
    "0: R1=ctx() R10=fp0\n"
    "; bpf_task_release(t); @ toy.bpf.c:12\n"
    "3: (85) call bpf_task_release#123\n"
    "R1 must be referenced or trusted\n"
    "processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0\n"
)


def console(*lines: dict[str, Any], ends: bool = True) -> str:
    """Return a console as the loader writes it, between the noise of a kernel."""
    body = "\n".join(json.dumps(line) for line in (HEAD, *lines))
    end = guest.ENDS.decode() if ends else ""
    return f"SeaBIOS\n[    0.1] Linux\n{guest.BEGINS.decode()}\n{body}\n{end}\n"


def program(name: str, answer: str = "loads", number: int = 0, **more: Any) -> dict[str, Any]:
    """Return a line about a program."""
    counts = {"instructions": 6, "peak_states": 1, "total_states": 2}
    return {"object": number, "program": name, "answer": answer, "error": 0, **counts, **more}


def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> BootedKernel:
    """Stand a shell script in for QEMU; return a kernel to boot with it."""
    stand_in = tmp_path / "qemu"
    stand_in.write_text("#!/bin/sh\n" + script)
    stand_in.chmod(0o755)
    machine = guest.Machine(str(stand_in), (), "ttyS0", "qemu-system-x86")
    monkeypatch.setitem(guest.MACHINES, "x86_64", machine)
    monkeypatch.setattr(guest, "_KVM", tmp_path / "no-kvm")
    return BootedKernel("7.2", tmp_path / "vmlinuz")


def printing(*consoles: str) -> str:
    """Return a script whose first run prints the first console, the second the second, …"""
    lines = ['n=$(cat "$0.runs" 2>/dev/null || echo 0); echo $((n + 1)) >"$0.runs"', "case $n in"]
    lines += [f"{at}) printf '%s' {shlex.quote(text)} ;;" for at, text in enumerate(consoles)]
    return "\n".join([*lines, "esac"]) + "\n"
