"""Build the probe and run it on the kernel of this host."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("probe.c")
GUEST_SOURCE = Path(__file__).with_name("guest.c")
_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-O2", "-static")
_BUILD_SECONDS = 60
_PROBE_SECONDS = 900
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class ProbeError(RuntimeError):
    """The kernel could not be asked: says why and what to do."""


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """Make a folder that is gone afterwards. Raises ProbeError where its disk is full."""
    try:
        with tempfile.TemporaryDirectory(prefix=f"kfmap-{purpose}-") as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise ProbeError(
            f"There is no room in {tempfile.gettempdir()}: make some, or name another folder in "
            "the environment variable TMPDIR"
        ) from error


def build_probe() -> bytes:
    """Return the probe as a static executable for this machine.

    Raises ProbeError where there is no C compiler or it fails.
    """
    return _compile(find_compiler(), SOURCE)


def find_compiler(machine: str = "") -> str:
    """Return the path of a C compiler, for this machine or another architecture.

    Raises ProbeError where there is none.
    """
    if machine not in ("", platform.machine()):
        return _find_cross_compiler(machine)
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise ProbeError(
            "There is no C compiler here: install one (Debian: apt install gcc libc6-dev), "
            "or build probe.c elsewhere and run it by itself"
        )
    return compiler


def _find_cross_compiler(machine: str) -> str:
    name = f"{machine}-linux-gnu-gcc"
    compiler = shutil.which(name)
    if compiler is None:
        package = f"gcc-{machine.replace('_', '-')}-linux-gnu"
        raise ProbeError(f"{name} is not installed (Debian: apt install {package})")
    return compiler


def build_guest(machine: str) -> bytes:
    """Return the probe as process 1 of a guest, for an architecture as uname calls it.

    Raises ProbeError where there is no C compiler for it (Debian's gcc-aarch64-linux-gnu and the
    like for another one than this machine's), or it fails.
    """
    return _compile(find_compiler(machine), GUEST_SOURCE)


def _compile(compiler: str, source: Path) -> bytes:
    with temporary_folder("probe") as folder:
        made = folder / "kfmap-probe"
        command = [compiler, *_FLAGS, "-o", str(made), str(source)]
        built = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS
        )
        if built.returncode:
            reason = find_compiler_error(built.stderr)
            raise ProbeError(f"{source.name} could not be compiled with {compiler}: {reason}")
        return made.read_bytes()


def find_compiler_error(said: str) -> str:
    """Return the line of a compiler's, assembler's or linker's output that says what is wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = (line for line in lines if re.search(r"(?i)error|cannot|can't|not found", line))
    return next(telling, lines[0] if lines else "no reason given")[:200]


def probe_host(names: Iterable[str], *, few: bool = False) -> bytes:
    """Return the evidence of this host's kernel; `names` adds kfuncs that no tag in BTF marks.

    Raises ProbeError where this process may not load BPF programs, or the probe does not end.
    """
    if os.geteuid() != 0:
        raise ProbeError("Loading BPF programs needs root: run this command with sudo")
    with temporary_folder("probe") as folder:
        program = folder / "kfmap-probe"
        program.write_bytes(build_probe())
        program.chmod(0o700)
        listed = folder / "names.txt"
        listed.write_text("\n".join(names) + "\n")
        command = [str(program), *(["--few"] if few else []), "--names", str(listed)]
        try:
            ran = subprocess.run(command, capture_output=True, check=False, timeout=_PROBE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ProbeError(f"The probe did not end within {_PROBE_SECONDS} seconds") from error
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().removeprefix("kfmap-probe: ")
        raise ProbeError(said or f"The probe ended with {ran.returncode}")
    return ran.stdout
