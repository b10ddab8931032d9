"""Logs through the decoder: how long large ones take, and that no mutated one crashes or hangs.

`python -m tests.benchmarks.decode_logs [COUNT]`. Every mutated log follows from its number alone.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from random import Random

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.decoder.asked import Asked
from kfmap.decoder.explaining import explain
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import CUT_MARK, MAX_TEXT, read_log
from kfmap.permission.outcome import OutcomeJudge
from tests.benchmarks.figure import Figure, best_seconds
from tests.decoder.corpus import EVERYTHING, NOT_JUDGED, QUIET
from tests.decoder.logs import BANNER, EXIT_IN_JOURNAL, REPORT, WHOLE_LOGS
from tests.decoder.noise import NOISE

COUNT = 200_000
_EXPLAINED = 10  # every so manieth log is answered, too: answers cost more than reading
_SLOW = 1.0  # seconds of one log
_LINES = [*(said.line for said in EVERYTHING), *(line for line, _ in NOT_JUDGED), *QUIET]
_LOGS = [*WHOLE_LOGS.values(), REPORT, EXIT_IN_JOURNAL]
_SCRAPS = ["\n", "\r", "\x00", "\x1b[", "\\n", "'", '"', "(", ")", " @ ", ": ", "\u202e", "[1.1]"]


def run() -> list[Figure]:
    large = make_large_log(3_000_000)
    began = time.perf_counter()
    counts = fuzz(COUNT)
    seconds = time.perf_counter() - began
    return [
        Figure(
            f"read a log of {len(large) / 1e6:.1f} MB",
            best_seconds(lambda: read_log(large), 3),
            "s",
            "a second",
            1.0,
            1.0,
        ),
        Figure("mutated logs read", COUNT / seconds, "a second", "none known", None),
        Figure("of them, slow ones", counts["slow"], "logs", "none may be", 1.0, 0.0),
    ]


def make_large_log(size: int) -> str:
    """Make a log of a large program, refused at its end."""
    lines = [BANNER]
    length = 0
    while length < size:
        number = len(lines)
        line = (
            f"{number}: (79) r6 = *(u64 *)(r1 +{number % 512})   ; R1=ctx() R6_w=scalar(umax=7)"
            if number % 3
            else f"; x = toy(y, {number}); @ toy.bpf.c:{number}"
        )
        lines.append(line)
        length += len(line) + 1
    return "\n".join([*lines, "calling kernel function toy_move is not allowed"])


def fuzz(count: int) -> Counter[str]:
    """Try logs 0 to `count` - 1. Raises AssertionError naming one that breaks a promise."""
    asked = Asked(OutcomeJudge(find_bundled()[-1].load().decider))
    counts: Counter[str] = Counter()
    for number in range(count):
        text = mutated(number)
        began = time.process_time()
        reading = read_log(text)
        lines = text.count("\n") + 1
        for message in reading.messages:
            counts[message.kind.value] += 1
            assert 1 <= message.line <= lines, number
            assert 0 < len(message.text) <= MAX_TEXT + len(CUT_MARK), number
            assert message.text.isprintable(), number
            if number % _EXPLAINED == 0:
                assert explain(message, asked).because.endswith("."), number
        counts["slow"] += time.process_time() - began > _SLOW
        counts["read"] += 1
        counts["with messages"] += bool(reading.messages)
    assert counts[Kind.NOT_ALLOWED.value], "the mutations leave nothing whole"
    return counts


def mutated(number: int) -> str:
    """Return the log of a number: lines of the corpus, mixed, broken, and wrapped in noise."""
    random = Random(f"log {number}")
    text = random.choice(_LOGS) if random.random() < 0.2 else _mix(random)
    for _ in range(random.randrange(6)):
        text = _break(text, random)
    if random.random() < 0.5:
        text = NOISE[random.choice(sorted(NOISE))](text)
    if random.random() < 0.1:
        text *= random.randrange(2, 40)
    return text


def _mix(random: Random) -> str:
    joins = ("\n", "\n", "\n", " ", ": ", "")
    return "".join(
        random.choice(_LINES) + random.choice(joins) for _ in range(random.randrange(1, 12))
    )


def _break(text: str, random: Random) -> str:
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.randrange(40))
    middle = random.choice(
        [
            "",
            random.choice(_SCRAPS) * random.randrange(1, 60),
            text[start:end] * random.randrange(2, 30),
            text[start:end][::-1],
            chr(random.randrange(1, 0xD000)),
        ]
    )
    return text[:start] + middle + text[end:]


if __name__ == "__main__":
    print(dict(fuzz(int(sys.argv[1]) if sys.argv[1:] else COUNT)))
