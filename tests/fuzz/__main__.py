"""Try damaged inputs: `python -m tests.fuzz [PARSER…] [--first N] [--count N] [--seconds S]`.

Prints a table. `--one PARSER NUMBER FILE` writes the input of a number, to find out what
is wrong with it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.parsers import PARSERS
from tests.fuzz.running import Outcome, fuzz, input_of

_ALL = 1_000_000


def main(arguments: list[str]) -> int:
    """Return 1 where an input crashed a parser, or needed more time or memory than it may."""
    options = _read(arguments)
    if options.one:
        name, number, file = options.one
        Path(file).write_bytes(input_of(name, int(number)))
        return 0
    print("parser | inputs | read | refused | failed | slowest s | CPU ms each")
    outcomes = {}
    for name in options.parser or PARSERS:
        numbers = range(options.first, options.first + options.count)
        outcomes[name] = fuzz(name, numbers, options.seconds, options.processes)
        print(_row(name, outcomes[name]), flush=True)
    print(_extrapolate(outcomes))
    for name, outcome in outcomes.items():
        for number, why in outcome.failures:
            print(f"{name} {number}: {why}")
    return 1 if any(outcome.failures for outcome in outcomes.values()) else 0


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("parser", nargs="*", choices=[*PARSERS, []])
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--count", type=int, default=_ALL // len(PARSERS) + 1, help="per parser")
    parser.add_argument("--seconds", type=float, default=1e9, help="the most, per parser")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--one", nargs=3, metavar=("PARSER", "NUMBER", "FILE"))
    return parser.parse_args(arguments)


def _row(name: str, outcome: Outcome) -> str:
    counts, (slowest, _) = outcome.counts, outcome.slowest
    each = 1000 * outcome.seconds / max(1, outcome.tried)
    known = f"{counts['read']} | {counts['refused']} | {len(outcome.failures)}"
    return f"{name} | {outcome.tried} | {known} | {slowest:.2f} | {each:.2f}"


def _extrapolate(outcomes: dict[str, Outcome]) -> str:
    tried = sum(outcome.tried for outcome in outcomes.values())
    share = _ALL / len(outcomes)
    hours = sum(
        outcome.seconds / max(1, outcome.tried) * share / 3600 for outcome in outcomes.values()
    )
    return f"{tried:,} inputs tried; {_ALL:,}, in equal parts, take {hours:.1f} hours of CPU."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
