"""Have a kernel answer every call of the run-time oracle, over as many guests as that takes.

A call may stop the whole machine: an op that holds a lock may call a kfunc that waits for it. The
oracle says which call it begins, so what was answered by then counts, and the next guest goes on
behind that call. One that stopped two guests has its own answer: nothing else explains it.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kfmap.probe.guest import (
    BEGINS,
    ENDS,
    Guest,
    GuestEndedError,
    find_last_line,
    read_console,
    strip_noise,
)
from kfmap.probe.host import ProbeError
from kfmap.probe.run_time_evidence import FORMAT, SCHEDULER, read_lines

SILENT_SECONDS = 60.0  # under emulation, a call that the kernel never comes to takes up to twenty
_MOST_BOOTS = 60
_TWICE = 2
Say = Callable[[str], None]
Keep = Callable[[bytes], None]


def build_oracle(image: Path, program: bytes, machine: str, seconds: float) -> Guest:
    """Return the guest that asks; `program` is `oracle.c`, built with libbpf."""
    files = {"oracle.bpf.o": SCHEDULER.read_bytes()}
    return Guest(image, program, files, machine, "", seconds, may_come=1)


def ask_at_run_time(
    guest: Guest,
    *,
    silent: float = SILENT_SECONDS,
    say: Say = lambda text: None,
    keep: Keep = lambda evidence: None,
    before: bytes = b"",
) -> bytes:
    """Return the evidence of an oracle: its lines of JSON, from one guest or many.

    `guest` is of `build_oracle`; each may take its seconds, and be silent for `silent` of them.
    `say` is told about every guest that ended before its time, and `keep` is given the evidence so
    far; `before` is such evidence, to go on behind it.
    Raises ProbeError where the first guest does not come to a call.
    """
    asking = _Asking(guest, silent, say, keep)
    asking.remember(before)
    return asking.run()


@dataclass
class _Asking:
    """What was answered, and where the next guest begins."""

    guest: Guest
    silent: float
    say: Say
    keep: Keep
    head: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    stopped: Counter[int] = field(default_factory=Counter)
    start: int = 0

    def remember(self, evidence: bytes) -> None:
        """Take over what was answered before."""
        lines = [line for line in read_lines(evidence) if isinstance(line.get("number"), int)]
        self.lines += lines
        self.start = max((line["number"] + 1 for line in lines), default=0)

    def run(self) -> bytes:
        """Boot until a guest comes to its end."""
        for _ in range(_MOST_BOOTS):
            if self._boot():
                return self._evidence()
            self.keep(self._evidence())
        self.lines.append({"ended": f"{_MOST_BOOTS} guests did not come to the end"})
        return self._evidence()

    def _boot(self) -> bool:
        """Boot one guest and take its lines; return whether it came to its end."""
        guest = replace(self.guest, arguments=f"from={self.start}")
        silence = _Silence(self.silent)
        try:
            console, why = read_console(guest, watch=silence.watch), ""
        except GuestEndedError as error:
            said = f"The guest said nothing for {self.silent:.0f} seconds"
            console, why = error.console, said if silence.is_over else str(error)
        _, _, rest = console.partition(BEGINS)
        text, ends, _ = rest.partition(ENDS)
        lines = list(read_lines(strip_noise(text)))
        why = why or f"The guest ended: {find_last_line(console)}"
        if lines and lines[0].get("format") == FORMAT:
            self.head = self.head or lines[0]
        if not self.head:
            raise ProbeError(f"{why}; its console ended with: {find_last_line(console)}")
        begun = self._take(lines[1:])
        if begun is not None and not ends:
            self._go_on_behind(begun, why)
        return bool(ends)

    def _take(self, lines: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Keep the answers; return the call that was begun last and not answered."""
        begun: dict[str, Any] | None = None
        for line in lines:
            if isinstance(line.get("begin"), int):
                begun = line
            elif "op" in line or "problem" in line:
                number = begun["begin"] if begun else self.start
                self.lines.append({**line, "number": number})
                self.start, begun = number + 1, None
        return begun

    def _go_on_behind(self, begun: dict[str, Any], why: str) -> None:
        number = begun["begin"]
        self.stopped[number] += 1
        self.say(f"{begun['kfunc']} from {begun['op']}: {why}")
        self.start = number
        if self.stopped[number] >= _TWICE:
            call = {name: str(begun.get(name, "")) for name in ("op", "kfunc")}
            self.lines.append({**call, "stopped": True, "message": why, "number": number})
            self.start = number + 1

    def _evidence(self) -> bytes:
        lines = [self.head, *self.lines]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()


class _Silence:
    """Ends a guest that has printed nothing new for too long, once it began to ask.

    A kernel prints nothing while it boots, and that takes minutes where the machine is busy.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._size, self._since = seconds, -1, time.monotonic()
        self.is_over = False

    def watch(self, console: bytes) -> bool:
        """Return whether the guest may go on."""
        now = time.monotonic()
        if len(console) != self._size or BEGINS not in console:
            self._size, self._since = len(console), now
        self.is_over = now - self._since >= self._seconds
        return not self.is_over
