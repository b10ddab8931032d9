"""`python -m tests.faults [--short | --embedded]`: uploads under faults, and what became of them.

Without an option 1,000 uploads to two web servers and three workers, which takes a quarter of an
hour; `--short` takes 100, and each fault follows at once on the one before; `--embedded` kills
`manage.py up` 25 times. Exit 0 where every accepted upload has one correct result, and jobs went on
within a minute of the end of every fault.
"""

from __future__ import annotations

import argparse
import sys

from django.conf import settings

from tests.faults.answers import render_refused, render_slowest
from tests.faults.embedded import kill_up
from tests.faults.recovery import Fault
from tests.faults.results import Results
from tests.faults.storm import RECOVERY_SECONDS, stage, storm
from tests.faults.uploads import Uploader

_SLOWEST = 12  # answers to name


def main(arguments: list[str]) -> int:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--short", action="store_true", help="100 uploads, each fault at once")
    parser.add_argument("--uploads", type=int, help="how many instead of 1,000")
    parser.add_argument("--embedded", action="store_true", help="kill `up` instead")
    parser.add_argument("--kills", type=int, default=25, help="how often; default 25")
    options = parser.parse_args(arguments)
    if not settings.configured:
        settings.configure()  # forms are encoded with Django's test client
    if options.embedded:
        return report_embedded(options.kills)
    uploads = options.uploads or (100 if options.short else 1000)
    with stage() as (deployed, disk):
        faults, uploaders, results = storm(deployed, disk, uploads, options.short)
        answers = [answer for browser in deployed.browsers for answer in browser.answers_noted]
    print("slowest answers, s | what was asked | answer | fault")
    print(*render_slowest(answers, faults, _SLOWEST), sep="\n")
    return report(faults, uploaders, results, options.short)


def report_embedded(kills: int) -> int:
    """Kill `up` so often; print what became of the uploads and return the exit code."""
    accepted, results, orphans = kill_up(kills)
    print("kills | accepted | correct | lost | wrong | doubled | stuck | files without a row")
    print(
        f"{kills} | {accepted} | {results.correct} | {len(results.lost)} | {len(results.wrong)} | "
        f"{results.doubled} | {len(results.stuck)} | {len(orphans)}"
    )
    _print_failed(results)
    return 0 if results.good and results.correct == accepted and not orphans else 1


def report(faults: list[Fault], uploaders: list[Uploader], results: Results, short: bool) -> int:
    """Print the tables; return the exit code."""
    print("fault | lasted s | open jobs | one over after s | taken up after s | all over after s")
    for fault in faults:
        after = " | ".join(_seconds(item) for item in (fault.flows, fault.resumed, fault.over))
        print(f"{fault.name} | {fault.lasted:.0f} | {len(fault.jobs)} | {after}")
    accepted = sum(len(uploader.record.accepted) for uploader in uploaders)
    refused = [item for uploader in uploaders for item in uploader.record.refused]
    print("refused uploads | why | since")
    print(*render_refused(refused, faults), sep="\n")
    print("accepted | refused | correct | lost | wrong | doubled | stuck")
    print(
        f"{accepted} | {len(refused)} | {results.correct} | {len(results.lost)} | "
        f"{len(results.wrong)} | {results.doubled} | {len(results.stuck)}"
    )
    _print_failed(results)
    late = [fault.name for fault in faults if not overcome(fault, faults[-1], short)]
    for name in late:
        print(f"not overcome within {RECOVERY_SECONDS:.0f} s: {name}")
    return 0 if results.good and not late and results.correct == accepted else 1


def _print_failed(results: Results) -> None:
    for problem, count in results.failed.items():
        print(f"failed, then tried again: {count} × {problem}")


def overcome(fault: Fault, last: Fault, short: bool) -> bool:
    """Return whether jobs went on in time; in the short form one fault follows on the other."""
    meanwhile = last.gone_at - fault.gone_at if short else 0
    return fault.overcome_within(RECOVERY_SECONDS + meanwhile)


def _seconds(after: float | None) -> str:
    return "never" if after is None else f"{after:.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
