"""The messages that a kernel tree can print, from the format strings of its C sources.

A small reader of calls: the name of a printing function, then the first run of string literals
among its arguments. Each `%` gets a value that such a message could have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

SOURCES = {
    "verifier": ("kernel/bpf",),
    "sched_ext": ("kernel/sched/ext.c", "kernel/sched/ext_idle.c", "kernel/sched/ext"),
    "libbpf": ("tools/lib/bpf",),
}
_CALLS = {
    "verifier": r"verbose|bpf_log|pr_warn|pr_err",
    "sched_ext": r"scx_error|scx_exit|__scx_exit|scx_kf_error|scx_ops_error|scx_ops_error_kind"
    r"|scx_ops_exit_kind|pr_err",
    "libbpf": r"pr_warn",
}
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_VALUE = re.compile(r"%(?:0?\d+)?[#+*]?(?:l{0,2}|z)([duxpcs])")
_VALUES = {"d": "4", "u": "4", "x": "0xff", "p": "0xffff", "c": "c"}
_NAMES = ("R1", "arg#0", "toy", "scx_bpf_toy", "toy()", "12")


def list_messages(tree: Path, kind: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (format, messages that it could give) of every printing call under the sources."""
    for name in SOURCES[kind]:
        path = tree / name
        files = sorted(path.rglob("*.c")) if path.is_dir() else [path] * path.exists()
        for file in files:
            text = file.read_text(errors="replace")
            for found in re.finditer(rf"\b(?:{_CALLS[kind]})\s*\(", text):
                literal = _first_literals(text, found.end())
                if literal:
                    yield literal, _fill(literal)


def _first_literals(text: str, start: int) -> str:
    """Return the first string of a call's arguments, with what C joins to it; "" if far away."""
    found = _LITERAL.search(text, start, start + 300)
    if found is None or ";" in text[start : found.start()]:
        return ""
    parts, end = [found[1]], found.end()
    while (more := _LITERAL.match(text, _skip_blanks(text, end))) is not None:
        parts.append(more[1])
        end = more.end()
    return "".join(parts)


def _skip_blanks(text: str, place: int) -> int:
    while text[place : place + 1].isspace():
        place += 1
    return place


def _fill(literal: str) -> list[str]:
    """Return the first line of a format with values in it, with names of several forms."""
    line = literal.replace('\\"', '"').replace("\\t", "\t").removeprefix("\\n").partition("\\n")[0]
    filled = _VALUE.sub(lambda found: _VALUES.get(found[1], "%s"), line.replace("%*pbl", "0-3"))
    first = [filled.replace("%s", name) for name in _NAMES]
    mixed = [re.sub("%s", name, filled, count=1).replace("%s", "toy") for name in _NAMES]
    return list(dict.fromkeys([*first, *mixed]))
