"""What a verifier log or a sched_ext exit message says about kfuncs.

The messages are those of kernel/bpf/verifier.c, kernel/sched/ext*.c, and libbpf. Text comes from
people: it is bounded, and what is not recognised is left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT = 1 << 20
MAX_MESSAGES = 50
_MAX_LINE = 1000
_NAME = r"(?P<kfunc>[A-Za-z_][A-Za-z0-9_.$]{0,127})"

NOT_ALLOWED = "not_allowed"
NOT_SLEEPABLE = "not_sleepable"
RUN_TIME_MASK = "run_time_mask"
NESTED = "nested"
FOREIGN_TASK = "foreign_task"
UNSUPPORTED_MEMBER = "unsupported_member"
DEVICE_BOUND = "device_bound"
DESTRUCTIVE = "destructive"
NO_TWIN = "no_twin"
PROTOTYPE = "prototype"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One recognised line; `mask` and `allowing` are run-time masks. Unset fields are empty."""

    kind: str
    line: int
    text: str
    kfunc: str = ""
    member: str = ""
    struct_ops: str = ""
    mask: int | None = None
    allowing: int | None = None


_PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (NOT_ALLOWED, rf"calling kernel function {_NAME} is not allowed"),
        (NOT_SLEEPABLE, rf"program must be sleepable to call sleepable kfunc {_NAME}"),
        (NOT_SLEEPABLE, rf"kernel func {_NAME} is sleepable within"),
        (
            RUN_TIME_MASK,
            r"kfunc with mask 0x(?P<mask>[0-9a-fA-F]{1,8}) called from an operation only allowing"
            r" 0x(?P<allowing>[0-9a-fA-F]{1,8})",
        ),
        (NESTED, r"(?P<member>\w{1,40}) kfunc called from a nested operation"),
        (FOREIGN_TASK, r"called on a task not being operated on"),
        (
            UNSUPPORTED_MEMBER,
            r"attach to unsupported member (?P<member>\w{1,64}) of struct (?P<struct_ops>\w{1,64})",
        ),
        (DEVICE_BOUND, r"metadata kfuncs require device-bound program"),
        (DESTRUCTIVE, r"destructive kfunc calls require CAP_SYS_BOOT"),
        (NO_TWIN, rf"cannot find function {_NAME}_impl in BTF"),
        (PROTOTYPE, rf"extern \(func ksym\) '{_NAME}': func_proto \[\d+\] incompatible"),
        (MISSING, rf"extern \(func ksym\) '{_NAME}': not found in kernel"),
        (MISSING, rf"<invalid kfunc call>\s*kfunc '{_NAME}' is referenced but wasn't resolved"),
        (MISSING, rf"kfunc '{_NAME}' is referenced but wasn't resolved"),
    )
)


def parse_log(text: str) -> list[LogMessage]:
    """Return the recognised messages, each once, in the order of the text."""
    found: dict[tuple[str, ...], LogMessage] = {}
    for number, line in enumerate(text[:MAX_TEXT].splitlines(), 1):
        message = _read_line(line[:_MAX_LINE], number)
        if message is not None:
            key = message.kind, message.kfunc, message.member, message.struct_ops
            found.setdefault((*key, f"{message.mask} {message.allowing}"), message)
        if len(found) == MAX_MESSAGES:
            break
    return list(found.values())


def _read_line(line: str, number: int) -> LogMessage | None:
    for kind, pattern in _PATTERNS:
        match = pattern.search(line)
        if match:
            named = match.groupdict()
            return LogMessage(
                kind,
                number,
                line.strip(),
                kfunc=named.get("kfunc", ""),
                member=named.get("member", ""),
                struct_ops=named.get("struct_ops", ""),
                mask=_read_mask(named.get("mask")),
                allowing=_read_mask(named.get("allowing")),
            )
    return None


def _read_mask(digits: str | None) -> int | None:
    return None if digits is None else int(digits, 16)
