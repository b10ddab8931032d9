"""Tracepoints whose programs may sleep: those the kernel calls where it may fault.

Mirrors tracepoint_is_faultable() (include/linux/tracepoint.h): a tracepoint that
TRACE_EVENT_SYSCALL() or DECLARE_TRACE_SYSCALL() defines. "tracing: Introduce
tracepoint_is_faultable()" came first; the verifier asks for it since 7.1, as far as seen, so it is
the verifier's text that is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import Target

_ASKED = "tracepoint_is_faultable"
_HEADERS = "include/trace/events"
_DEFINES = re.compile(r"^\s*(TRACE_EVENT_SYSCALL|DECLARE_TRACE_SYSCALL)\s*\(\s*(\w+)", re.M)


def find_faultable(code: Code, verifier: Iterable[Item]) -> Iterator[Target]:
    """Return the faultable tracepoints of trees whose verifier asks for them, by name."""
    if not any(_ASKED in item.text for item in verifier):
        return
    for file in code.tree.find_headers(_HEADERS):
        source = code.source(file) if "_SYSCALL" in (code.tree.read(file) or "") else None
        for match in _DEFINES.finditer(source.code) if source else ():
            if source is not None:
                line = source.line_at(match.start(1))
                yield Target(match[2], Place(file, line), match[1])
