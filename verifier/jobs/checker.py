"""Ask a check process, with limits on time and memory; a process past them is ended.

Processes are kept for the next object, for they hold loaded kernels.
"""

from __future__ import annotations

import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_CHUNK = 1 << 16
_MAX_MESSAGE = 256 << 20
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_IDLE: queue.LifoQueue[CheckProcess] = queue.LifoQueue(maxsize=4)


class CheckFailedError(RuntimeError):
    """The process did not give an answer: it took too long, needed too much, or broke."""


class CheckCutOffError(CheckFailedError):
    """The process was ended from outside, which need not be the object's fault."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one step (reading an object, or checking it on one kernel) may take."""

    seconds: float
    megabytes: int


class CheckProcess:
    """One check process."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._process = subprocess.Popen(
            [sys.executable, "-m", "verifier.engine.check_process", str(limits.megabytes)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), "LC_ALL": "C.UTF-8"},
        )
        self._buffer = bytearray()
        self._looked_at = 0

    def ask(self, request: dict[str, Any], tick: float) -> Iterator[dict[str, Any] | None]:
        """Return the messages, and None per `tick` seconds of waiting. Raises CheckFailedError."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError as error:
            raise self._epitaph() from error
        while True:
            for message in self._next_message(tick):
                if message is not None and message.get("end"):
                    return
                yield message

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _next_message(self, tick: float) -> Iterator[dict[str, Any] | None]:
        deadline = time.monotonic() + self.limits.seconds
        while (end := self._find_end()) < 0:
            left = deadline - time.monotonic()
            if left <= 0:
                raise CheckFailedError(f"it took longer than {self.limits.seconds:g} s")
            if not self._read(min(left, tick)):
                yield None
        message: dict[str, Any] = json.loads(self._buffer[:end])
        del self._buffer[: end + 1]
        self._looked_at = 0
        yield message

    def _find_end(self) -> int:
        """Return where the first line ends, -1 for nowhere yet; looks at each byte once."""
        end = self._buffer.find(b"\n", self._looked_at)
        self._looked_at = len(self._buffer)
        if end < 0 and len(self._buffer) > _MAX_MESSAGE:
            raise CheckFailedError(f"its answer is larger than {_MAX_MESSAGE >> 20} MB")
        return end

    def _read(self, seconds: float) -> bool:
        """Read what there is, waiting `seconds` for it; say whether there was something."""
        stdout = self._process.stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return False
        data = os.read(stdout.fileno(), _CHUNK)
        if not data:
            raise self._epitaph()
        self._buffer += data
        return True

    def _epitaph(self) -> CheckFailedError:
        """Return why the process has ended."""
        _, said = self._process.communicate()
        code, last = self._process.returncode, said.decode(errors="replace").strip().split("\n")[-1]
        if last.startswith("more than") or "MemoryError" in last:
            return CheckFailedError(f"it needs more than {self.limits.megabytes} MB of memory")
        if -code in _FROM_OUTSIDE:
            return CheckCutOffError("its process was ended from outside, or for want of memory")
        return CheckFailedError(f"the check ended with code {code}: {last[:300]}")


@contextmanager
def lend_process(limits: Limits) -> Iterator[CheckProcess]:
    """Lend a process, an idle one if there is one; it is kept unless an error leaves the block."""
    process = _take(limits)
    try:
        yield process
    except BaseException:
        process.close()
        raise
    try:
        _IDLE.put_nowait(process)
    except queue.Full:
        process.close()


def _take(limits: Limits) -> CheckProcess:
    try:
        idle = _IDLE.get_nowait()
    except queue.Empty:
        return CheckProcess(limits)
    if idle.limits == limits:
        return idle
    idle.close()
    return CheckProcess(limits)
