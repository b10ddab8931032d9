"""Find in a log of the verifier or of libbpf the line that says why a program does not load."""

from __future__ import annotations

import re

# What stands behind the reason: what libbpf makes of it.
_IDLE = re.compile(
    r"libbpf: failed to load object|libbpf: prog '.*': failed to load|-- (BEGIN|END) |processed \d"
)
# print_verification_stats() of kernel/bpf/verifier.c: its account of its work, more lines on newer
# kernels (a line per subprogram in 7.3).
_ACCOUNT = "verification time "


def find_reason(log: str) -> str:
    """Return the last line of a log before the verifier's account of its work."""
    for line in reversed(without_account(log).splitlines()):
        if line.strip() and not _IDLE.match(line):
            return line.strip().removeprefix("libbpf: ")[:500]
    return ""


def without_account(log: str) -> str:
    """Return a log up to where the verifier begins to account for its work."""
    lines = log.splitlines(keepends=True)
    ends = [at for at, line in enumerate(lines) if line.startswith(_ACCOUNT)]
    return "".join(lines[: ends[-1]]) if ends else log
