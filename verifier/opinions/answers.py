"""Read what the loader wrote to its console: lines of JSON, as many as came out.

A guest may end in the middle of them, by the doing of an object too, so every line counts by
itself and what is no answer is passed over.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kfmap.probe.guest import BEGINS, ENDS, MEGABYTES, strip_noise
from verifier.opinions.opinion import ProgramOpinion, Word
from verifier.opinions.reason import find_reason

FORMAT = "kfmap-opinion"
_MOST_TEXT = 16 << 10
_MOST_PROGRAMS = 10_000
_DIED = "loader died"
_LOADER = {
    "out of time": "the kernel did not finish it in time",
    _DIED: "the process that loaded it died",
}


@dataclass
class ObjectAnswers:
    """What came out about one object.

    `whole` is "" until the whole object was tried; `error` is what the kernel returned, or the
    signal that killed the loader. `expected` counts its programs, None where it was not opened.
    """

    whole: str = ""
    said: str = ""
    error: int = 0
    expected: int | None = None
    programs: dict[str, ProgramOpinion] = field(default_factory=dict)

    @property
    def fault(self) -> str:
        """Return why the object as a whole got no answer, "" where it got one."""
        return _say_fault(self.whole, self.error)

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is missing."""
        if self.whole in ("refused", "not opened"):
            return True
        return bool(self.whole) and self.expected is not None and self._asked >= self.expected

    @property
    def _asked(self) -> int:
        return len(self.programs)


@dataclass
class Answers:
    """What a guest said: `release` and `libbpf` of its first line, then answers by object.

    `ended`: it came to its end. `busy_with`: the object that the last line is about.
    """

    release: str = ""
    libbpf: str = ""
    ended: bool = False
    busy_with: int | None = None
    objects: dict[int, ObjectAnswers] = field(default_factory=dict)


def read_answers(console: bytes) -> Answers:
    """Return everything that a console has between its markers, and after the first alone."""
    _, _, rest = console.partition(BEGINS)
    text, ends, _ = rest.partition(ENDS)
    answers = Answers(ended=bool(ends))
    for line in _read_lines(text):
        if line.get("format") == FORMAT:
            answers.release, answers.libbpf = _text(line, "release"), _text(line, "libbpf")
        elif isinstance(number := line.get("object"), int):
            answers.busy_with = number
            _take(answers.objects.setdefault(number, ObjectAnswers()), line)
    return answers


def _read_lines(text: bytes) -> Iterator[dict[str, Any]]:
    for line in strip_noise(text).split(b"\n"):
        if not line.startswith(b"{"):
            continue
        try:
            read = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(read, dict):
            yield read


def _take(answers: ObjectAnswers, line: dict[str, Any]) -> None:
    if isinstance(line.get("programs"), int):
        answers.expected = line["programs"]
    elif "whole" in line:
        answers.whole = _text(line, "whole")
        answers.said, answers.error = _text(line, "libbpf"), _number(line, "error") or 0
    elif "program" in line and len(answers.programs) < _MOST_PROGRAMS:
        program = _read_program(line)
        answers.programs[program.program] = program


def _say_fault(answer: str, signal: int) -> str:
    """Return why the loader has no answer, "" where it has one."""
    reason = _LOADER.get(answer, "")
    return f"{reason} of signal {signal}" if reason and answer == _DIED and signal else reason


def say_short_memory(log: str, said: str) -> str:
    """Return why the memory of the guest is too small, which says nothing of a program."""
    reason = find_reason(log) or find_reason(said) or "the kernel found no memory"
    return f"{reason} (a guest has {MEGABYTES} MB)"


def _read_program(line: dict[str, Any]) -> ProgramOpinion:
    answer, log, said = _text(line, "answer"), _text(line, "log"), _text(line, "libbpf")
    word = Word(answer) if answer in (Word.LOADS, Word.REFUSED) else Word.NOT_ASKED
    reason, error = "", _number(line, "error") or 0
    if word == Word.REFUSED and error == errno.ENOMEM:
        word, reason = Word.NOT_ASKED, say_short_memory(log, said)
    elif word == Word.REFUSED:
        reason = find_reason(log) or find_reason(said) or "the kernel gave no reason"
    elif word == Word.NOT_ASKED:
        reason = _say_fault(answer, error) or find_reason(log) or "it could not be asked"
    return ProgramOpinion(
        _text(line, "program"),
        word,
        reason,
        log,
        said,
        error=error,
        instructions=_number(line, "instructions"),
        peak_states=_number(line, "peak_states"),
        total_states=_number(line, "total_states"),
    )


def _text(line: dict[str, Any], name: str) -> str:
    value = line.get(name)
    return value[:_MOST_TEXT] if isinstance(value, str) else ""


def _number(line: dict[str, Any], name: str) -> int | None:
    value = line.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 53 else None
