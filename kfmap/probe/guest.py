"""Boot a kernel image in QEMU with the probe as its only process, and take the evidence.

The guest has no disk, no network and nothing of the host's: an initramfs in memory and a serial
line that only the host reads. KVM is used where there is one that works; emulation is enough.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kfmap.probe.host import ProbeError, temporary_folder
from kfmap.probe.initramfs import render_initramfs

BEGINS = b"=== kfmap evidence begins ==="
ENDS = b"=== kfmap evidence ends ==="
MEGABYTES = 1024
_MOST_OUTPUT = 64 << 20
_KEPT = 4 << 20  # of a console without end
_READ = 1 << 16
_COMMAND_LINE = "quiet loglevel=1 panic=-1 mitigations=off random.trust_cpu=on"
_KVM = Path("/dev/kvm")
_LOOK_SECONDS = 0.5
_END_SECONDS = 5  # from the end of its output to that of QEMU
_KVM_SECONDS = 60  # a guest that KVM really runs begins its answers within a few seconds
_KVM_FAILED = (b"KVM internal error", b"failed to initialize kvm", b"Could not access KVM")
# panic() of kernel/panic.c prints more behind it: the offset of the kernel, and an end mark.
_PANIC = re.compile(rb"(?<!end )Kernel panic - not syncing: [^\r\n]+")
_TIME = re.compile(rb"^\[ *\d+\.\d+\] ")
_NOISE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True, slots=True)
class Machine:
    """How QEMU runs an architecture: its program, its board, its console and its Debian package.

    `debian` is Debian's name of the architecture.
    """

    program: str
    board: tuple[str, ...]
    console: str
    package: str
    debian: str = ""


MACHINES = {
    "x86_64": Machine(
        "qemu-system-x86_64",
        ("-machine", "q35", "-cpu", "max"),
        "ttyS0",
        "qemu-system-x86",
        "amd64",
    ),
    "aarch64": Machine(
        "qemu-system-aarch64",
        ("-machine", "virt", "-cpu", "cortex-a72"),
        "ttyAMA0",
        "qemu-system-arm",
        "arm64",
    ),
}


@dataclass(frozen=True, slots=True)
class Guest:
    """What a guest is made of: an image, `init` as its only program, and files beside it.

    `may_come` counts processors beside the first that are there and off: `init` may turn them on.
    `arguments` go to `init`; `seconds` bound the guest, from start to the end of its output.
    """

    image: Path
    init: bytes
    files: dict[str, bytes]
    machine: str = "x86_64"
    arguments: str = ""
    seconds: float = 900
    may_come: int = 0


def find_machine(image: bytes) -> str:
    """Return the architecture of a kernel image by its header, as uname calls it.

    x86: "HdrS" at 0x202 (Documentation/arch/x86/boot.rst); arm64: "ARM\\x64" at 0x38
    (Documentation/arch/arm64/booting.rst). Raises ProbeError for anything else.
    """
    if image[0x202:0x206] == b"HdrS":
        return "x86_64"
    if image[0x38:0x3C] == b"ARM\x64":
        return "aarch64"
    if image[:2] == b"\x1f\x8b":
        raise ProbeError("The image is compressed with gzip: unpack it first (zcat IMAGE > Image)")
    raise ProbeError("This is no kernel image of x86-64 or arm64 (a vmlinuz or Image file)")


class _KvmFailedError(Exception):
    """KVM gave up on the guest, as nested virtualisation may: emulation can take over."""


class GuestEndedError(ProbeError):
    """A guest that was booted did not come to its end; `console` is what it had printed by then."""

    def __init__(self, message: str, console: bytes) -> None:
        super().__init__(message)
        self.console = console


class GuestKilledError(GuestEndedError):
    """Something outside the guest killed QEMU: no fault of what ran in it."""


Watch = Callable[[bytes], bool]


def run_guest(guest: Guest, *, go_on: Callable[[], bool] = lambda: True) -> bytes:
    """Boot the guest and return what stood between its markers.

    `go_on` is asked about twice a second; the guest ends when it says False.
    Raises ProbeError where QEMU is missing, the guest does not answer in time, prints without end
    or is stopped.
    """
    try:
        console = read_console(guest, watch=lambda _: go_on())
    except GuestEndedError as error:
        said = find_last_line(error.console)
        raise ProbeError(f"{error}; its console ended with: {said}") from error
    return find_document(console)


def read_console(guest: Guest, *, watch: Watch = lambda _: True) -> bytes:
    """Boot the guest and return its console up to the end marker, or to where the guest ended.

    `watch` is given the console so far about twice a second; the guest ends when it says False.
    Raises ProbeError where QEMU is missing, GuestEndedError where the guest takes too long, prints
    without end or is stopped, GuestKilledError where QEMU is killed.
    """
    machine = MACHINES[guest.machine]
    program = find_qemu(guest.machine)
    with temporary_folder("guest") as folder:
        initramfs = folder / "initramfs.cpio"
        initramfs.write_bytes(render_initramfs(guest.init, guest.files))
        command = [*_with_parent(), program, *_options(machine, guest, initramfs)]
        for accelerator in _accelerators(guest.machine):
            try:
                with _running([*command, "-accel", accelerator]) as process:
                    return _read_output(process, guest.seconds, watch, accelerator == "kvm")
            except _KvmFailedError:
                continue
    raise ProbeError("QEMU could not run the guest")


def find_qemu(machine: str) -> str:
    """Return the path of QEMU for an architecture. Raises ProbeError naming its package."""
    known = MACHINES[machine]
    program = shutil.which(known.program)
    if program is None:
        raise ProbeError(f"{known.program} is not installed (Debian: apt install {known.package})")
    return program


def _with_parent() -> list[str]:
    """Return what has a guest end with the process that asks, however that one ends."""
    setpriv = shutil.which("setpriv")  # util-linux
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _accelerators(machine: str) -> list[str]:
    native = machine == os.uname().machine and os.access(_KVM, os.R_OK | os.W_OK)
    return ["kvm", "tcg"] if native else ["tcg"]


def find_document(output: bytes) -> bytes:
    """Return what stands between the two markers of a guest's console.

    Raises ProbeError where they do not both stand there, with the last line of the console.
    """
    _, begins, rest = output.partition(BEGINS)
    document, ends, _ = rest.partition(ENDS)
    if begins and ends:
        return strip_noise(document).strip()
    said = "stopped in the middle of its answers" if begins else "did not answer"
    raise ProbeError(f"The guest {said}; its console ended with: {find_last_line(output)}")


def find_last_line(output: bytes) -> str:
    """Return what a console ended with: why the kernel panicked, else its last line, "nothing" for
    an empty one."""
    text = strip_noise(output[-_READ:])
    panic = _PANIC.search(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = panic[0] if panic else lines[-1] if lines else b"nothing"
    return _TIME.sub(b"", said).decode(errors="replace")[:200]


def strip_noise(output: bytes) -> bytes:
    """Return a console without what terminals take for commands."""
    return _NOISE.sub(b"", output)


def _options(machine: Machine, guest: Guest, initramfs: Path) -> list[str]:
    words = [f"console={machine.console}", _COMMAND_LINE, *["maxcpus=1"] * bool(guest.may_come)]
    command_line = f"{' '.join(words)} -- {guest.arguments}"
    return [
        *machine.board,
        *("-m", str(MEGABYTES), "-smp", str(1 + guest.may_come)),
        *("-display", "none", "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny"),
        *("-serial", "stdio", "-kernel", str(guest.image), "-initrd", str(initramfs)),
        *("-append", command_line.rstrip(" -")),
    ]


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _read_output(
    process: subprocess.Popen[bytes], seconds: float, watch: Watch, by_kvm: bool
) -> bytes:
    """Return the console up to the end marker. Raises _KvmFailedError where KVM does not run it."""
    assert process.stdout is not None
    began, looked = time.monotonic(), 0.0
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while ENDS not in output[-2 * _READ :]:
            waited = time.monotonic() - began
            if waited - looked >= _LOOK_SECONDS or not looked:
                looked = waited
                if not watch(bytes(output)):
                    raise GuestEndedError("The guest was stopped", bytes(output))
            if by_kvm and waited > _KVM_SECONDS and BEGINS not in output:
                raise _KvmFailedError
            if waited > seconds:
                said = f"The guest did not end in time ({seconds:g} s)"
                raise GuestEndedError(said, bytes(output))
            if not selector.select(timeout=_LOOK_SECONDS):
                continue
            part = os.read(process.stdout.fileno(), _READ)
            if not part:
                _check_end(process, bytes(output))
                break
            output += part
            recent = output[-2 * _READ :]
            if by_kvm and any(words in recent for words in _KVM_FAILED) and BEGINS not in output:
                raise _KvmFailedError
            if len(output) > _MOST_OUTPUT:
                raise GuestEndedError("The guest printed without end", bytes(output[:_KEPT]))
    return bytes(output)


def _check_end(process: subprocess.Popen[bytes], output: bytes) -> None:
    """Raise GuestKilledError where a signal has ended QEMU, which closed its output."""
    try:
        code = process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        return
    if code < 0:
        short = ", the machine may be short of memory" if code == -signal.SIGKILL else ""
        name = signal.Signals(-code).name
        raise GuestKilledError(f"QEMU was ended from outside by {name}{short}", output)
