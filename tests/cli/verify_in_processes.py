"""`kfmap verify` as a process of its own that forks for the least work, for tests that kill it.

python -m tests.cli.verify_in_processes FAULT ARGUMENTS…

FAULT is what happens in the copies: `none`; `kill=NAME`, which ends whatever process reads the
object of this SHA-256 or asks the kernel of this name; or `wait`, which never ends. With `none of
them` there can be no copies.
"""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import sys
import time
from typing import Any

from kfmap.cli import checking
from kfmap.cli.main import main
from verifier.engine.object.read import read_object
from verifier.engine.verdict import check_object

_FIRST = os.getpid()


def _break(fault: str, name: str) -> None:
    what, _, whom = fault.partition("=")
    if os.getpid() == _FIRST or what == "none":
        return
    if what == "wait":
        time.sleep(600)
    elif whom == name:
        os.kill(os.getpid(), signal.SIGKILL)


def _refuse() -> int:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def run(fault: str, arguments: list[str]) -> int:
    """Run the command with the fault; return its exit code."""

    def read(data: bytes) -> Any:
        _break(fault, hashlib.sha256(data).hexdigest())
        return read_object(data)

    def check(obj: Any, kernel: Any) -> Any:
        _break(fault, kernel.name)
        return check_object(obj, kernel)

    # A shell that starts something in the background has it ignore Ctrl-C, and all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if fault == "none of them":
        os.fork = _refuse
    checking._WORTH_PROCESSES = -1.0
    vars(checking).update(read_object=read, check_object=check)
    return main(["verify", *arguments])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
