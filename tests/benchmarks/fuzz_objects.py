"""Mutated objects through reader and checker: none may crash, hang or need more than a job has.

`python -m tests.benchmarks.fuzz_objects [COUNT] [PROCESSES]`. Every object follows from its number
alone: `python -m tests.benchmarks.fuzz_objects --one NUMBER FILE` writes it out.
"""

from __future__ import annotations

import logging
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from random import Random

from tests.benchmarks.figure import Figure
from tests.verifier.engine.judging.object_kernels import object_kernels
from tests.verifier.engine.object.mutate import Layout, mutate
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.object.disassemble import disassemble
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.verdict import check_object, prepare_object

COUNT = 200_000
PROCESSES = 2
_CHUNK = 500
_SECONDS = 5  # of one object, past which the process is interrupted
_MEMORY = 1 << 30  # bytes of address space of one process

_SEEDS = [(name, object_bytes(name)) for name in NAMES]
_LAYOUTS = {name: Layout(data) for name, data in _SEEDS}


class OverTime(Exception):
    """One object took longer than it may."""


@dataclass
class Outcome:
    """What came of some objects; `crashes` and the second of `slowest` are their numbers."""

    counts: Counter[str] = field(default_factory=Counter)
    crashes: list[int] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)

    def add(self, other: Outcome) -> None:
        self.counts += other.counts
        self.crashes += other.crashes
        self.slowest = max(self.slowest, other.slowest)


def mutated(number: int) -> bytes:
    """Return the object of a number."""
    name, data = _SEEDS[number % len(_SEEDS)]
    return mutate(data, _LAYOUTS[name], Random(f"object {number}"))


def check(data: bytes) -> str:
    """Read an object, print all of it, check it on each kernel; say whether it could be read."""
    try:
        found = read_object(data)
    except ObjectError:
        return "refused"
    for section, code in found.code.items():
        for slot, _ in disassemble(code, 0, len(code.opcodes)):
            if found.btf_ext is not None:
                found.btf_ext.line(section, slot)
    prepared = prepare_object(found)
    for kernel in object_kernels():
        check_object(prepared, kernel)
    return "checked"


def fuzz(count: int = COUNT, processes: int = PROCESSES) -> Outcome:
    """Try objects 0 to `count` - 1."""
    total = Outcome()
    chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    with Pool(processes, _prepare) as pool:
        for outcome in pool.imap_unordered(_fuzz_chunk, chunks):
            total.add(outcome)
    return total


def _prepare() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGALRM, _interrupt)


def _interrupt(signum: int, frame: object) -> None:
    raise OverTime


def _fuzz_chunk(numbers: range) -> Outcome:
    outcome = Outcome()
    for number in numbers:
        data = mutated(number)
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        start = time.perf_counter()
        try:
            result = check(data)
        except Exception:
            result = "crashed"
            outcome.crashes.append(number)
            logging.exception("object %d, from %s", number, NAMES[number % len(NAMES)])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        outcome.counts[result] += 1
        outcome.slowest = max(outcome.slowest, (time.perf_counter() - start, number))
    return outcome


def run(count: int = COUNT, processes: int = PROCESSES) -> list[Figure]:
    start = time.perf_counter()
    outcome = fuzz(count, processes)
    seconds = time.perf_counter() - start
    counts = ", ".join(f"{count} {word}" for word, count in sorted(outcome.counts.items()))
    slowest, number = outcome.slowest
    return [
        Figure(f"mutated objects ({counts})", count / seconds, "a second", "none known", None),
        Figure("crashes", len(outcome.crashes), "objects", "none is allowed", None),
        Figure(
            f"slowest mutated object (number {number})", slowest, "s", "the limit", float(_SECONDS)
        ),
    ]


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--one"]:
        Path(arguments[2]).write_bytes(mutated(int(arguments[1])))
        return 0
    figures = run(*map(int, arguments))
    for figure in figures:
        print(f"{figure.name}: {figure.value:.4g} {figure.unit}")
    return 1 if figures[1].value else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
