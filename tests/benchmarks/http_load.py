"""Ask one address over kept connections, as fast as the answers come."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS = 100  # per second, of the CPU time in /proc
_IDLE_SECONDS, _IDLE_SHARE = 12.0, 0.05  # longer than a server waits before work of its own


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: seconds per answer, sorted, and what the server spent on all of them."""

    times: tuple[float, ...]
    seconds: float
    cpu_seconds: float
    statuses: frozenset[int]

    @property
    def rate(self) -> float:
        """Return the answers per second."""
        return len(self.times) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Return the server's CPU time per answer, which other load on the machine hardly moves."""
        return 1000 * self.cpu_seconds / len(self.times)

    def percentile_ms(self, share: float) -> float:
        """Return the time that so many of the answers took at most."""
        return 1000 * self.times[min(int(share * len(self.times)), len(self.times) - 1)]


def apply_load(
    port: int, path: str, clients: int, seconds: float, pid: int, headers: str = ""
) -> Load:
    """Ask with so many clients at once; `headers` are whole lines, `pid` is the server's."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n{headers}\r\n"
    )
    times: list[float] = []
    statuses: set[int] = set()

    async def ask_all() -> None:
        ends_at = time.monotonic() + seconds
        await asyncio.gather(
            *(_ask(port, request.encode(), ends_at, times, statuses) for _ in range(clients))
        )

    before, began = _cpu_seconds(pid), time.monotonic()
    asyncio.run(ask_all())
    took, spent = time.monotonic() - began, _cpu_seconds(pid) - before
    return Load(tuple(sorted(times)), took, spent, frozenset(statuses))


def wait_until_idle(pid: int, seconds: float) -> None:
    """Wait until a server has done nothing for some seconds, but no longer than `seconds`."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        before = _cpu_seconds(pid)
        time.sleep(_IDLE_SECONDS)
        if _cpu_seconds(pid) - before < _IDLE_SHARE * _IDLE_SECONDS:
            return


async def _ask(
    port: int, request: bytes, ends_at: float, times: list[float], statuses: set[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < ends_at:
        began = time.monotonic()
        writer.write(request)
        statuses.add(await _read_answer(reader))
        times.append(time.monotonic() - began)
    writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    length = head.partition(b"content-length:")[2].partition(b"\r")[0]
    if length:
        await reader.readexactly(int(length))
    elif status != 304:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return status


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
