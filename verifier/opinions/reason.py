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
# bpf_diag_header() of kernel/bpf/diagnostics.c (7.3): a report on the complaint above it, with a
# suggestion at its end.
_REPORT = "\nVerification failed: "


def find_reason(log: str) -> str:
    """Return the line of a log that says why a program is refused.

    It is the last one before the verifier's account of its work and its report on the complaint;
    of a log that begins later, the report's title.
    """
    text = f"\n{without_account(log)}"
    above, title, report = text.rpartition(_REPORT)
    if title:
        text = above if above.strip() else title + report.partition("\n")[0]
    for line in reversed(text.splitlines()):
        if line.strip() and not _IDLE.match(line):
            return line.strip().removeprefix("libbpf: ")[:500]
    return ""


def without_account(log: str) -> str:
    """Return a log up to where the verifier begins to account for its work."""
    lines = log.splitlines(keepends=True)
    ends = [at for at, line in enumerate(lines) if line.startswith(_ACCOUNT)]
    return "".join(lines[: ends[-1]]) if ends else log
