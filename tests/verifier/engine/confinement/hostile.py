"""Hostile code as it would run in a check process: prints what it was able to do.

`python -m tests.verifier.engine.confinement.hostile SECRET PORT [LOCK...]`: SECRET is a file, PORT
one that is listened on, each LOCK one that the platform lacks: seccomp, landlock or root.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from verifier.engine import check_process
from verifier.engine.confinement import confine, seccomp

_SECRET, _PORT, _LACKS = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
_LIBC = ctypes.CDLL(None, use_errno=True)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _by_number(number: int, *arguments: object) -> Callable[[], None]:
    """Return a system call that no library comes before."""

    def call() -> None:
        if _LIBC.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    return call


def _connect() -> None:
    with socket.socket() as probe:
        probe.connect(("127.0.0.1", _PORT))


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read the secret key": _SECRET.read_text,
    "list its folder": lambda: list(_SECRET.parent.iterdir()),
    "read the environment of its parent": Path(f"/proc/{os.getppid()}/environ").read_bytes,
    "read the memory of its parent": Path(f"/proc/{os.getppid()}/mem").open,
    "read the list of users": Path("/etc/passwd").read_text,
    "write a file": (_SECRET.parent / "new").touch,
    "delete a file": _SECRET.unlink,
    "rename a file": lambda: _SECRET.rename(_SECRET.with_name("renamed")),
    "connect": _connect,
    "listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "open a socket by its number": _by_number(41, socket.AF_INET, socket.SOCK_DGRAM, 0),
    "open a file by its number": _by_number(257, -100, b"/etc/passwd", 0),
    "fork": _fork,
    "fork by its number": _by_number(57),
    "run a program": lambda: subprocess.run(["/bin/true"], check=True),
    "start a thread": threading.Thread(target=int).start,
    "send its parent a signal": lambda: os.kill(os.getppid(), signal.SIGWINCH),
    "look into its parent": _by_number(101, 16, os.getppid(), None, None),
    "become root": lambda: os.setresuid(0, 0, 0),
    "raise its limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)),
}


def _close_nothing(**folders: object) -> bool:
    return False


def main() -> None:
    """Be locked in as a check process is, then try everything."""
    if "seccomp" in _LACKS:
        seccomp.is_available = lambda: False
    if "landlock" in _LACKS:
        confine.close_files = _close_nothing  # type: ignore[attr-defined]  # imported there by name
    if "root" in _LACKS:
        for name in check_process.IMPORTED_LATE:
            import_module(name)  # the folder of Python may be closed to others
        os.setresuid(65534, 65534, 65534)
    check_process.lock_in(2048)
    done = []
    for name, attempt in ATTEMPTS.items():
        try:
            attempt()
        except (OSError, RuntimeError, ValueError):
            continue
        done.append(name)
    sys.stdout.write(json.dumps({"done": done, "environment": sorted(os.environ)}))
    sys.stdout.flush()
    os._exit(0)


main()
