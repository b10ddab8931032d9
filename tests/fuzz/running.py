"""Try inputs of a parser in processes that have limits of time and memory."""

from __future__ import annotations

import logging
import resource
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pool
from random import Random

from tests.fuzz.damage import damage
from tests.fuzz.parsers import PARSERS

SECONDS, MEGABYTES = 5, 2048  # of one input; CPU time, which other load does not stretch
_HANGING_SECONDS = 60  # without using the processor
_CHUNK = 100


class OverTimeError(Exception):
    """One input took longer than it may."""


@dataclass
class Outcome:
    """What came of some inputs of a parser; failures are their numbers with what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        """Return how many inputs there were."""
        return self.counts.total()

    def add(self, other: Outcome) -> None:
        """Add what came of others."""
        self.counts += other.counts
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)
        self.seconds += other.seconds


def input_of(name: str, number: int) -> bytes:
    """Return the input of a number: it follows from the number alone."""
    parser, random = PARSERS[name], Random(f"{name} {number}")
    seeds = parser.seeds()
    return damage(seeds[number % len(seeds)], seeds, random, text=parser.is_text)


def fuzz(name: str, numbers: range, seconds: float, processes: int) -> Outcome:
    """Try the inputs of these numbers, or as many of them as there is time for."""
    total, ends_at = Outcome(), time.monotonic() + seconds
    with Pool(processes, _limit) as pool:
        for outcome in pool.imap_unordered(_try_chunk, _chunks(name, numbers, ends_at)):
            total.add(outcome)
    return total


def _chunks(name: str, numbers: range, ends_at: float) -> Iterator[tuple[str, range, float]]:
    for at in range(0, len(numbers), _CHUNK):
        yield name, numbers[at : at + _CHUNK], ends_at


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, _interrupt)


def _give(cpu_seconds: float, seconds: float) -> None:
    """Interrupt what comes now after so much time; 0 and 0: no longer."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _interrupt(signum: int, frame: object) -> None:
    raise OverTimeError


def _try_chunk(chunk: tuple[str, range, float]) -> Outcome:
    name, numbers, ends_at = chunk
    outcome, parser = Outcome(), PARSERS[name]
    for number in numbers:
        if time.monotonic() > ends_at:
            break
        data = input_of(name, number)
        _give(SECONDS, _HANGING_SECONDS)
        began = time.process_time()
        try:
            parser.parse(data)
            result = "read"
        except parser.refusals:
            result = "refused"
        except (Exception, RecursionError, MemoryError) as error:
            result = {OverTimeError: "over time", MemoryError: "over memory"}.get(
                type(error), "crashed"
            )
            outcome.failures.append((number, f"{type(error).__name__}: {str(error)[:100]}"))
            logging.exception("%s %d", name, number)
        finally:
            _give(0, 0)
        took = time.process_time() - began
        outcome.counts[result] += 1
        outcome.slowest = max(outcome.slowest, (took, number))
        outcome.seconds += took
    return outcome
