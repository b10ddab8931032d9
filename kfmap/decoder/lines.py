"""The lines of a log, with the noise taken off: colours, timestamps, prefixes, escapes.

Text comes from people and may be anything: every expression here is anchored and bounded, and
characters that could deceive a reader (controls, bidirectional marks) are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# A window of a longer line overlaps the one before it, so that no message is cut in two.
WINDOW = 4000
_OVERLAP = 600

_ANSI = re.compile(
    r"\x1b\[[0-?]{0,32}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]"
    r"|\^\[\[[0-9;]{0,16}m|#033\[[0-9;]{0,16}m"
)
_DECEPTIVE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL|PANIC)"
_PREFIXES = tuple(
    re.compile(expression)
    for expression in (
        r"\s{1,40}",
        r"<\d{1,3}>",
        r"\[\s{0,8}\d{1,12}\.\d{1,9}\]",
        r"\[\s{0,8}[TC]\d{1,9}\]",
        r"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [^\]\n]{10,30}\]",
        rf"\[{_DATE}[^\]\n]{{0,80}}\]",
        rf"{_DATE}",
        r"\w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?",
        r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?=\s)",
        r"\[\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]",
        rf"\[{_LEVEL}[^\]\n]{{0,60}}\]",
        rf"{_LEVEL}:?(?=\s)",
        r"(?:stdout|stderr) [FP](?=\s)",
        r"(?:[>|]|│|┃){1,8}(?=\s)",
    )
)
# `host kernel:` and `host program[123]:` after a timestamp, or `kernel:` alone.
_SOURCE = re.compile(r"(?:[\w.-]{1,64} )?(?:kernel|[\w./@-]{1,64}\[\d{1,9}\]): ?")
_DATED = re.compile(rf"{_DATE}|{_MONTH} |\w{{3}} [ \d]\d \d\d:")
_KERNEL_SOURCE = re.compile(r"(?:[\w.-]{1,64} )?kernel: ")
_MAY_BE_PREFIX = re.compile(r"[\s<\[\d>|│┃A-Zspc]|\w{3} ")
# logrus and its like: level=warning msg="…" subsys=…, one record per line.
_LOGFMT = re.compile(r"(?:[\w.]{1,30}=(?:\"[^\"\n]{0,200}\"|[^\s\"]{0,200}) ){0,8}msg=\"")
_LOGFMT_END = re.compile(r"(?: [\w.]{1,30}=(?:\"[^\"\n]{0,200}\"|[^\s\"]{0,200})){0,12}\s{0,4}$")
_LOGFMT_TAIL = 400  # what may stand after the message
_MAX_PREFIXES = 8
# No message is shorter; most lines of a long log are instructions and need no cleaning.
_SHORTEST = 8
_STATE_BEGINS = re.compile(r"\d{1,7}: (?:\(|R\d|[.\d]{6})")


class Line(NamedTuple):
    """A line, or a part of one that was escaped or long. `number` counts from 1, as editors do."""

    number: int
    text: str
    kernel_log: bool = False


def read_lines(text: str) -> Iterator[Line]:
    """Yield the lines without noise; empty ones are left out."""
    if "\x1b" in text or "^[[" in text or "#033[" in text:
        text = _ANSI.sub("", text)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) < _SHORTEST and not line.startswith(";"):
            continue
        if _STATE_BEGINS.match(line) and "\\" not in line and len(line) < WINDOW:
            yield Line(number, line.rstrip())
            continue
        for piece in _pieces(line):
            kernel_log, clean = strip_prefixes(piece)
            if len(clean) >= _SHORTEST or clean.startswith(";"):
                yield Line(number, clean, kernel_log)


def clean_text(text: str) -> str:
    """Return the text without characters that could deceive a reader."""
    return _DECEPTIVE.sub("", text)


def _pieces(line: str) -> Iterator[str]:
    """Yield a line by what its escapes and carriage returns divide, then by windows."""
    if "\r" in line:
        for part in line.split("\r"):
            if len(part) >= _SHORTEST:
                yield from _pieces(part)
        return
    if "\\n" in line and not line.lstrip().startswith(";"):
        line = line.replace("\\t", " ").replace('\\"', '"').replace("\\\\", "\\")
        for part in line.split("\\n"):
            if len(part) >= _SHORTEST or part.lstrip().startswith(";"):
                yield from _windows(part)
        return
    yield from _windows(line)


def _windows(line: str) -> Iterator[str]:
    if len(line) <= WINDOW:
        yield line
        return
    for start in range(0, len(line), WINDOW - _OVERLAP):
        yield line[start : start + WINDOW]


def _unwrap_logfmt(line: str) -> str:
    """Return the message of a record, the line itself where it is no record."""
    begins = _LOGFMT.match(line.lstrip())
    if begins is None:
        return line
    message = line.lstrip()[begins.end() :]
    quote = message.find('"', max(0, len(message) - _LOGFMT_TAIL))
    while quote >= 0 and not _LOGFMT_END.match(message, quote + 1):
        quote = message.find('"', quote + 1)
    return (message[:quote] if quote >= 0 else message).replace('\\"', '"')


def strip_prefixes(line: str) -> tuple[bool, str]:
    """Return whether the kernel's log prefix stood there, and the line without any prefix."""
    if not line.isascii() or not line.isprintable():
        line = clean_text(line).replace("\t", " ")
    if 'msg="' in line:
        line = _unwrap_logfmt(line)
    kernel_log = False
    place = 0
    for _ in range(_MAX_PREFIXES):
        if place >= len(line) or not _MAY_BE_PREFIX.match(line, place):
            break
        found = next((m for p in _PREFIXES if (m := p.match(line, place))), None)
        if found is None:
            break
        dated = bool(_DATED.match(found.group()))
        kernel_log = kernel_log or (found.group()[0] in "[<" and "." in found.group())
        place = found.end()
        while place < len(line) and line[place] == " ":
            place += 1
        if dated or kernel_log:
            source = _SOURCE.match(line, place)
            if source:
                kernel_log = kernel_log or bool(_KERNEL_SOURCE.match(line, place))
                place = source.end()
    return kernel_log, line[place:].strip()
