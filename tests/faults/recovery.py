"""How long after a fault it takes until jobs go on, and until all that were open then are over."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import psycopg

_EVERY_SECONDS = 0.5
_ROWS = "SELECT id, state, claims FROM verifier_job"
_OPEN = ("queued", "running")
Jobs = dict[int, tuple[str, int]]  # state, and how often a worker took it


@dataclass(slots=True)
class Fault:
    """What was done, and how many seconds after the end of its cause the jobs were on their way.

    `flows`: one of those that were open is over. `resumed`: each of those that were running is
    over, or a worker has taken it again. `over`: all of them are over.
    """

    name: str
    began_at: float = 0.0
    gone_at: float = 0.0
    jobs: Jobs = field(default_factory=dict)
    flows: float | None = None
    resumed: float | None = None
    over: float | None = None

    @property
    def lasted(self) -> float:
        """Return how many seconds its cause was there."""
        return self.gone_at - self.began_at

    def look(self, now: Jobs, seconds: float) -> None:
        """Note what has become of its jobs so many seconds later."""
        open_now = {pk for pk, (state, _) in now.items() if state in _OPEN}
        left = self.jobs.keys() & open_now
        if self.flows is None and (len(left) < len(self.jobs) or not self.jobs):
            self.flows = seconds
        if self.resumed is None and not any(
            state == "running" and now[pk][1] == claims
            for pk, (state, claims) in self.jobs.items()
            if pk in left
        ):
            self.resumed = seconds
        if self.over is None and not left:
            self.over = seconds

    def overcome_within(self, seconds: float) -> bool:
        """Return whether jobs went on in time."""
        return all(after is not None and after <= seconds for after in (self.flows, self.resumed))


class Watch(threading.Thread):
    """Looks at the rows of jobs, which is what a user's page shows."""

    def __init__(self, address: str) -> None:
        """Make the thread; `address` is that of the database."""
        super().__init__(name="watch", daemon=True)
        self._address, self._ended = address, threading.Event()
        self._faults: list[Fault] = []

    def gone(self, fault: Fault) -> None:
        """Note that the cause of a fault is gone from now on."""
        fault.gone_at = time.monotonic()
        jobs = self._jobs() or {}
        fault.jobs = {pk: row for pk, row in jobs.items() if row[0] in _OPEN}
        self._faults.append(fault)

    def wait_until_over(self, seconds: float) -> None:
        """Wait until no job is open."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            jobs = self._jobs()
            if jobs is not None and not any(state in _OPEN for state, _ in jobs.values()):
                break
            time.sleep(_EVERY_SECONDS)

    def stop(self) -> None:
        """Look once more, then end the thread."""
        self._ended.set()
        self.join()
        self._look()

    def run(self) -> None:
        """Look again and again."""
        while not self._ended.wait(_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        jobs = self._jobs()
        if jobs is not None:
            for fault in list(self._faults):
                fault.look(jobs, time.monotonic() - fault.gone_at)

    def _jobs(self) -> Jobs | None:
        """Return all jobs, None where the database does not say."""
        try:
            with psycopg.connect(self._address, connect_timeout=3) as connection:
                rows = connection.execute(_ROWS).fetchall()
        except psycopg.OperationalError:
            return None
        return {pk: (state, claims) for pk, state, claims in rows}
