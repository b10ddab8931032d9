"""A guest's console is read up to its markers, and every way to fail is said."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kfmap.probe import guest
from kfmap.probe.guest import BEGINS, ENDS, Guest, find_document, find_machine, run_guest
from kfmap.probe.host import ProbeError


def test_the_document_stands_between_the_markers() -> None:
    console = b"[  0.1] Linux\r\n" + BEGINS + b"\r\n{}\r\n" + ENDS + b"\r\n"
    assert find_document(console) == b"{}"


@pytest.mark.parametrize(
    ("console", "message"),
    [
        (b"", "did not answer; its console ended with: nothing"),
        (b"Kernel panic - not syncing: no init\n", "ended with: Kernel panic - not syncing"),
        (BEGINS + b"\n{", "stopped in the middle of its answers"),
        (
            b"[    6.9] Kernel panic - not syncing: sysrq triggered crash\r\n"
            b"[    6.9] Kernel Offset: 0x1\r\n"
            b"[    7.0] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---\n",
            "ended with: Kernel panic - not syncing: sysrq triggered crash$",
        ),
        (b"[    6.9] Run /init as init process\n", "ended with: Run /init as init process$"),
    ],
)
def test_a_console_without_the_whole_document_is_an_error(console: bytes, message: str) -> None:
    with pytest.raises(ProbeError, match=message):
        find_document(console)


def test_images_are_known_by_their_headers() -> None:
    assert find_machine(bytes(0x202) + b"HdrS" + bytes(100)) == "x86_64"
    assert find_machine(bytes(0x38) + b"ARM\x64" + bytes(100)) == "aarch64"


@pytest.mark.parametrize(
    ("image", "message"),
    [(b"\x1f\x8b" + bytes(600), "gzip"), (b"", "no kernel image"), (bytes(600), "no kernel image")],
)
def test_what_is_no_image_is_said(image: bytes, message: str) -> None:
    with pytest.raises(ProbeError, match=message):
        find_machine(image)


def _pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Guest:
    """Stand a shell script in for QEMU: guests that hang, panic or print on cannot be shipped."""
    program = tmp_path / "qemu"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setitem(
        guest.MACHINES, "x86_64", guest.Machine(str(program), (), "ttyS0", "qemu-system-x86")
    )
    return Guest(tmp_path / "vmlinuz", b"init", {}, seconds=2)


def test_a_guest_that_hangs_is_ended_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProbeError, match="did not end in time"):
        run_guest(_pretend(tmp_path, monkeypatch, "exec sleep 60\n"))


def test_a_guest_that_prints_forever_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_MOST_OUTPUT", 1 << 20)
    with pytest.raises(ProbeError, match="printed without end"):
        run_guest(_pretend(tmp_path, monkeypatch, "exec yes\n"))


def test_a_guest_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProbeError, match="was stopped"):
        run_guest(_pretend(tmp_path, monkeypatch, "exec sleep 60\n"), go_on=lambda: False)


def test_without_qemu_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = guest.Machine("no-such-qemu", (), "ttyS0", "qemu-system-x86")
    monkeypatch.setitem(guest.MACHINES, "x86_64", missing)
    with pytest.raises(ProbeError, match="apt install qemu-system-x86"):
        run_guest(Guest(tmp_path / "vmlinuz", b"", {}))


_ANSWER = f"printf '{BEGINS.decode()}\\n{{}}\\n{ENDS.decode()}\\n'\n"


def test_a_guest_has_no_disk_no_network_and_nothing_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"printf '%s\\n' \"$@\" >{tmp_path}/arguments\n{_ANSWER}"
    assert run_guest(_pretend(tmp_path, monkeypatch, script)) == b"{}"
    given = (tmp_path / "arguments").read_text().split("\n")
    options = {word for word in given if word.startswith("-")}
    assert options == {
        *("-m", "-smp", "-display", "-nodefaults", "-no-user-config", "-no-reboot", "-sandbox"),
        *("-serial", "-kernel", "-initrd", "-append", "-accel"),
    }
    assert (given[given.index("-m") + 1], given[given.index("-smp") + 1]) == ("1024", "1")


@pytest.mark.parametrize(
    ("said", "tried"),
    [(_ANSWER, ["kvm"]), ("echo 'failed to initialize kvm: Permission denied'\n", ["kvm", "tcg"])],
)
def test_kvm_is_used_where_there_is_one_and_emulation_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, tried: list[str]
) -> None:
    script = f"""
for last; do :; done
echo $last >>{tmp_path}/tried
if [ $last = kvm ]; then {said} else {_ANSWER} fi
"""
    made = _pretend(tmp_path, monkeypatch, script)
    device = tmp_path / "kvm"
    device.touch()
    monkeypatch.setattr(guest, "_KVM", device)
    machine = os.uname().machine
    monkeypatch.setitem(guest.MACHINES, machine, guest.MACHINES["x86_64"])
    assert run_guest(replace(made, machine=machine)) == b"{}"
    assert (tmp_path / "tried").read_text().split() == tried


def test_a_guest_ends_with_the_process_that_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may be killed at any moment, and QEMU has no other reason to end."""
    guest_made = _pretend(tmp_path, monkeypatch, f"echo $$ >{tmp_path}/pid; exec sleep 60\n")
    asking = os.fork()
    if not asking:
        with contextlib.suppress(BaseException):
            run_guest(replace(guest_made, seconds=60))
        os._exit(0)
    pid = _wait_for(tmp_path / "pid")
    os.kill(asking, signal.SIGKILL)
    os.waitpid(asking, 0)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or _is_zombie(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the guest lives on")


def _wait_for(path: Path) -> int:
    for _ in range(200):
        if path.exists() and (text := path.read_text().strip()):
            return int(text)
        time.sleep(0.05)
    pytest.fail("the guest was not started")


def _is_zombie(pid: int) -> bool:
    return " Z " in Path(f"/proc/{pid}/stat").read_text()
