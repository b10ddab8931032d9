"""The decoder's answer as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kfmap.decoder.asked import Explanation
from kfmap.decoder.reading import LogMessage
from kfmap.permission.instead import say_suggestion

VERSION = 1


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message with its explanation.

    `kernel` is the map's kernel that it was answered for, by somebody's wish where `is_asked`.
    """

    message: LogMessage
    explanation: Explanation
    kernel: str
    is_asked: bool = False


def render_json(decoded: Iterable[Decoded]) -> dict[str, Any]:
    """Return the JSON form: {"version": 1, "messages": […]}; what is not known is null."""
    return {"version": VERSION, "messages": [_plain(item) for item in decoded]}


def render_text(decoded: Iterable[Decoded]) -> str:
    """Return the answer for a terminal: a paragraph for each message."""
    return "\n\n".join(_render(item) for item in decoded)


def _plain(item: Decoded) -> dict[str, Any]:
    message = item.message
    return {
        "kind": message.kind.value,
        "line": message.line,
        "text": message.text,
        "program": message.program,
        "source": message.source,
        "kernel": message.kernel or (item.kernel if item.is_asked else None),
        "kfunc": message.kfunc,
        "because": item.explanation.because,
        "instead": list(item.explanation.instead),
    }


def _render(item: Decoded) -> str:
    message = item.message
    lines = [f"line {message.line}: {message.text}"]
    pairs = (
        ("where:", say_where(message)),
        ("source:", say_source(message)),
        ("because:", item.explanation.because),
    )
    lines += [f"  {name:8} {said}" for name, said in pairs if said]
    lines += [
        f"  {'instead:' if place == 0 else '        '} {say_suggestion(step)}"
        for place, step in enumerate(item.explanation.instead)
    ]
    return "\n".join(lines)


def say_where(message: LogMessage) -> str:
    """Return what the log tells of the place: program, instruction, kernel."""
    parts = [
        ("program {}", message.program),
        ("section {}", message.section),
        ("function {}()", message.subprogram),
        ("instruction {}", message.instruction),
        ("Linux {}", message.kernel),
    ]
    return ", ".join(text.format(value) for text, value in parts if value is not None)


def say_source(message: LogMessage) -> str:
    """Return the source line: its place, as far as the log tells it, and its text."""
    return ": ".join(part for part in (message.source, message.source_text) if part)
