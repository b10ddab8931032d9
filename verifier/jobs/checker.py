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
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from verifier.jobs.child import CHILD_ENVIRONMENT, ROOT, python_command

_MODULE = "verifier.engine.check_process"
_CHUNK = 1 << 16
_MAX_MESSAGE = 256 << 20
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_IDLE: queue.LifoQueue[CheckProcess] = queue.LifoQueue(maxsize=4)
Supply = Callable[[dict[str, Any]], dict[str, bytes]]


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
            python_command(_MODULE, str(limits.megabytes)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=CHILD_ENVIRONMENT,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._stdin, False)  # a process that does not read may not hold the job
        self._buffer = bytearray()
        self._looked_at = 0
        self._deadline = 0.0

    def ask(
        self, request: dict[str, Any], chunks: Iterable[bytes], supply: Supply, tick: float
    ) -> Iterator[dict[str, Any] | None]:
        """Return the messages, and None per `tick` seconds of waiting. Raises CheckFailedError.

        `chunks` are the object's bytes, `request["size"]` together; `supply` gives what the process
        asks for.
        """
        self._begin_step()
        self._write(_line(request))
        for chunk in chunks:
            self._write(chunk)
        while True:
            for message in self._next_message(tick):
                if message is not None and message.get("end"):
                    return
                if message is not None and "need" in message:
                    self._answer(supply(message))
                else:
                    yield message

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _answer(self, parts: dict[str, bytes]) -> None:
        self._begin_step()
        self._write(_line({name: len(part) for name, part in parts.items()}))
        for part in parts.values():
            self._write(part)

    def _begin_step(self) -> None:
        self._deadline = time.monotonic() + self.limits.seconds

    def _write(self, data: bytes) -> None:
        """Give all of `data` to the process. Raises CheckFailedError."""
        left = memoryview(data)
        while left:
            if not _wait(self._stdin, selectors.EVENT_WRITE, self._seconds_left()):
                continue
            try:
                left = left[os.write(self._stdin, left[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise self._epitaph() from error

    def _next_message(self, tick: float) -> Iterator[dict[str, Any] | None]:
        self._begin_step()
        while (end := self._find_end()) < 0:
            if not self._read(min(self._seconds_left(), tick)):
                yield None
        message: dict[str, Any] = json.loads(self._buffer[:end])
        del self._buffer[: end + 1]
        self._looked_at = 0
        yield message

    def _seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise CheckFailedError(f"it took longer than {self.limits.seconds:g} s")
        return left

    def _find_end(self) -> int:
        """Return where the first line ends, -1 for nowhere yet; looks at each byte once."""
        end = self._buffer.find(b"\n", self._looked_at)
        self._looked_at = len(self._buffer)
        if end < 0 and len(self._buffer) > _MAX_MESSAGE:
            raise CheckFailedError(f"its answer is larger than {_MAX_MESSAGE >> 20} MB")
        return end

    def _read(self, seconds: float) -> bool:
        """Read what there is, waiting `seconds` for it; say whether there was something."""
        if not _wait(self._stdout, selectors.EVENT_READ, seconds):
            return False
        data = os.read(self._stdout, _CHUNK)
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


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _wait(descriptor: int, event: int, seconds: float) -> bool:
    """Return whether a descriptor is ready within `seconds`."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        return bool(selector.select(seconds))


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
