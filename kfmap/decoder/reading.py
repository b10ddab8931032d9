"""Read a log: text → its messages, each distinct one once, in the order of cause."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind, rank
from kfmap.decoder.lines import Line, clean_text, read_lines
from kfmap.decoder.messages import message_index
from kfmap.decoder.pattern import Match
from kfmap.decoder.surroundings import (
    Surroundings,
    find_called,
    find_in_backtrace,
    find_program_afterwards,
    find_report_source,
)
from kfmap.permission.helper_names import is_helper
from kfmap.safe_text.printable import printable

# A log longer than this (characters) is not read: 16 MB of text.
MAX_LOG = 16 * 1024 * 1024
MAX_MESSAGES = 200
MAX_UNRECOGNISED = 20
MAX_TEXT = 500
CUT_MARK = " […]"

_COMPLAINTS = frozenset(
    (
        *("error", "errors", "fail", "fails", "failed", "failure", "cannot", "can't", "invalid"),
        *("denied", "unsupported", "mismatch", "incompatible", "unknown", "missing", "refused"),
        *("rejected", "unable", "illegal", "prohibited", "forbidden", "expected", "unexpected"),
        *("exceeds", "violation", "violated", "stall", "abort", "aborted", "disallowed", "leak"),
        *("leaks", "unreachable", "unrecognized", "unresolved", "undefined", "conflicting"),
        *("corrupted", "malformed", "too"),
    )
)
_COMPLAINING = ("not allowed", "not found", "not supported", "not permitted", "must be")
_WORDS = re.compile(r"[a-z']+")
_ABOUT_BPF = re.compile(
    r"\b(?:bpf|BPF|ebpf|eBPF|BTF|btf|kfunc|kfuncs|struct_ops|sched_ext|scx)|scx_|bpf_"
)
_SCX = frozenset(
    kind
    for kind in Kind
    if kind.value.startswith("scx_") or kind in (Kind.RUN_TIME_MASK, Kind.NESTED, Kind.FOREIGN_TASK)
)
# What the verifier says of a call without naming its kfunc: the instruction before does.
_OF_THE_CALL = (
    Kind.ARGUMENT,
    Kind.ARENA,
    Kind.LOCK,
    Kind.RCU_REQUIRED,
    Kind.LICENCE,
    Kind.DESTRUCTIVE,
    Kind.DEVICE_BOUND,
)
_OF_ITS_KFUNC = (
    About.NOTHING,
    About.CALL,
    About.TRUSTED,
    About.RCU,
    About.KIND,
    About.KFUNC,
)
_IDLE = (Kind.UNRECOGNISED, Kind.LOAD_FAILED, Kind.VERIFIER)
_NAMING = (Kind.STRUCT_OPS_MISSING, Kind.MEMBER_MISSING, Kind.MISSING, Kind.NOT_ALLOWED)


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One distinct message. `facts` is what its text names (kfunc, member, map, mask, …).

    `line` is the number of the first line that says it. `program`, `source` ("file.c:12"),
    `source_text`, `instruction` and `kernel` are what stood around it, None where nothing did;
    `called` is the function that the instruction before it calls.
    """

    kind: Kind
    line: int
    text: str
    about: About = About.NOTHING
    general: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    program: str | None = None
    section: str | None = None
    struct_ops: str | None = None
    member: str | None = None
    subprogram: str | None = None
    called: str | None = None
    attached: str | None = None
    argument_type: str | None = None
    source: str | None = None
    source_text: str | None = None
    instruction: int | None = None
    kernel: str | None = None

    @property
    def kfunc(self) -> str | None:
        """Return the kernel function that the message, or the backtrace under it, names."""
        return self.facts.get("kfunc")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a log says. `truncated`: the text was longer than MAX_LOG, or had too many messages."""

    messages: tuple[LogMessage, ...]
    kernels: tuple[str, ...] = ()
    lines: int = 0
    truncated: bool = False

    @property
    def recognised(self) -> bool:
        """Return whether anything but unrecognised lines was found."""
        return any(message.kind is not Kind.UNRECOGNISED for message in self.messages)


def read_log(text: str) -> Reading:
    """Return the messages of a log, in the order of cause, then of lines."""
    reader = _Reader()
    lines = 0
    for line in read_lines(text[:MAX_LOG]):
        reader.read(line)
        lines = line.number
        if reader.full:
            break
    return Reading(
        reader.finish(),
        tuple(dict.fromkeys(reader.around.kernels)),
        lines,
        truncated=reader.full or len(text) > MAX_LOG,
    )


class _Reader:
    """Reads line by line; `full` once there are too many messages to be of use."""

    def __init__(self) -> None:
        self.around = Surroundings()
        self.full = False
        self._index = message_index()
        self._found: dict[tuple[object, ...], LogMessage] = {}
        self._without_program: list[tuple[object, ...]] = []
        self._last: tuple[object, ...] | None = None
        self._unrecognised = 0
        self._odd_line: Line | None = None

    def read(self, line: Line) -> None:
        """Take in one line."""
        if line.text.startswith("processed ") and self._odd_line:
            self._add_unrecognised(self._odd_line)
        if self.around.see(line):
            if line.text.startswith(("processed ", "-- ")):
                self._odd_line = None
            return
        match = self._index.find(line.text)
        if match is None or (match.pattern.complaints and not complains(line.text)):
            self._read_other(line)
        elif match.pattern.about is not About.NOTE:
            self._odd_line = None
            self._add(match, line)
        if "rogram" in line.text and (program := find_program_afterwards(line.text)):
            self._name_program(program)

    def finish(self) -> tuple[LogMessage, ...]:
        """Return the messages in the order of cause, without those that others make idle."""
        found = _drop_general(list(self._found.values()))
        first_kernel = next(iter(self.around.kernels), None)
        found = [m if m.kernel else replace(m, kernel=first_kernel) for m in found]
        return tuple(sorted(found, key=lambda message: (rank(message.kind), message.line)))

    def _add(self, match: Match, line: Line) -> None:
        message = self._build(match, line)
        key = _key(message)
        present = self._found.get((*key, message.program))
        if present is None and message.program:
            # The same was said before without the program's name.
            present = self._found.pop((*key, None), None)
            if present:
                message = replace(message, line=present.line)
                present = None
        if present is None and message.program is None:
            present = next((m for k, m in self._found.items() if k[:-1] == key), None)
        if present is None:
            self._keep((*key, message.program), message)
        else:
            self._last = (*key, present.program)
        self.around.called = None

    def _keep(self, key: tuple[object, ...], message: LogMessage) -> None:
        if len(self._found) >= MAX_MESSAGES:
            self.full = True
            return
        self._found[key] = message
        self._last = key
        if message.program is None:
            self._without_program.append(key)

    def _build(self, match: Match, line: Line) -> LogMessage:
        around, pattern = self.around, match.pattern
        kind = pattern.kind
        if kind is Kind.VERIFIER and around.poisoned_load:
            kind = Kind.CORE_RELOCATION
        facts = dict(match.facts)
        program = around.program
        if kind is Kind.POISONED_CALL and program in around.poisoned:
            facts.setdefault("kfunc", around.poisoned[program])
        if kind in _OF_THE_CALL and pattern.about in _OF_ITS_KFUNC:
            called = find_called(line.text) or around.called
            if called and not is_helper(called):
                facts.setdefault("kfunc", called)
        ops, member = around.members.get(program or "", (None, None))
        return LogMessage(
            kind,
            line.number,
            cut(match.text),
            pattern.about,
            pattern.general,
            facts,
            program=program,
            section=around.sections.get(program or ""),
            struct_ops=ops or None,
            member=member,
            subprogram=around.subprogram,
            called=around.called,
            attached=around.attached,
            argument_type=around.argument_type,
            source=around.source,
            source_text=around.source_text,
            instruction=around.instruction,
            kernel=around.kernel,
        )

    def _read_other(self, line: Line) -> None:
        """Read a line that is no known message: a backtrace, a report, or a complaint."""
        if "+0x" in line.text:
            self._read_backtrace(line.text)
        elif self.around.in_report:
            self._read_report(line.text)
        elif complains(line.text, kernel_log=line.kernel_log) and not self.around.names_kernel:
            self._add_unrecognised(line)
        else:
            self._odd_line = line

    def _read_backtrace(self, text: str) -> None:
        message = self._found.get(self._last) if self._last else None
        if message is None or message.kind not in _SCX or self._last is None:
            return
        program, kfunc = find_in_backtrace(text)
        if program and message.program is None:
            message = replace(message, program=program)
        if kfunc and not message.kfunc and "error_bstr" not in kfunc and "exit_bstr" not in kfunc:
            message = replace(message, facts={**message.facts, "kfunc": kfunc})
        self._found[self._last] = message

    def _read_report(self, text: str) -> None:
        source = find_report_source(text)
        message = self._found.get(self._last) if self._last else None
        if source and message and self._last and not message.source:
            self._found[self._last] = replace(message, source=source)

    def _name_program(self, program: str) -> None:
        """Set the program of a log's messages that only the line after the log names."""
        self.around.announced = program
        for key in self._without_program:
            message = self._found.pop(key, None)
            if message:
                self._found[(*key[:-1], program)] = replace(message, program=program)
        self._without_program.clear()

    def _add_unrecognised(self, line: Line) -> None:
        self._odd_line = None
        if self._unrecognised >= MAX_UNRECOGNISED:
            return
        text = cut(line.text)
        around = self.around
        message = LogMessage(
            Kind.UNRECOGNISED,
            line.number,
            text,
            program=around.program,
            source=around.source,
            source_text=around.source_text,
            instruction=around.instruction,
            kernel=around.kernel,
        )
        key = (Kind.UNRECOGNISED, text, message.program)
        if key not in self._found:
            self._unrecognised += 1
            self._keep(key, message)


def cut(text: str) -> str:
    """Return a text for people: every character to be seen, and a mark where it was cut."""
    text = printable(clean_text(text).strip())
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + CUT_MARK


def _key(message: LogMessage) -> tuple[object, ...]:
    """Return what makes two messages the same: what they name, else their text."""
    if (message.kind in _SCX or message.kind in _NAMING) and message.facts:
        facts = [(k, v) for k, v in message.facts.items() if k != "scheduler"]
        return (message.kind, *sorted(facts))
    return (message.kind, message.text)


def complains(text: str, *, kernel_log: bool = False) -> bool:
    """Return whether a line sounds like a complaint; in the kernel's log, one that is about BPF."""
    lower = text.lower()
    if _COMPLAINTS.isdisjoint(_WORDS.findall(lower)) and not any(
        phrase in lower for phrase in _COMPLAINING
    ):
        return False
    return not kernel_log or bool(_ABOUT_BPF.search(text))


def _drop_general(messages: list[LogMessage]) -> list[LogMessage]:
    """Leave out what a more exact message of the same load or run says better."""
    kept = [message for message in messages if not message.general]
    said = {message.kind for message in kept}
    explained = any(message.kind not in (*_SCX, *_IDLE) for message in messages)
    for message in messages:
        kind = message.kind
        idle = kind in said or kind is Kind.LOAD_FAILED or (kind in _SCX and bool(said & _SCX))
        if message.general and not idle and not (kind is Kind.VERIFIER and explained):
            said.add(kind)
            kept.append(message)
    failed = [message for message in messages if message.kind is Kind.LOAD_FAILED]
    failed.sort(key=lambda message: message.program is None)
    recognised = any(message.kind is not Kind.UNRECOGNISED for message in kept)
    return kept if recognised else [*kept, *failed[:1]]
