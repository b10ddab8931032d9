"""What sched_ext let each op call while a scheduler ran, held against the masks.

`oracle.c` attaches the scheduler of `oracle.bpf.c` once per op and kfunc and has the kernel call
the op (run_time_asking.py boots it). A mask that refuses ends the scheduler with "kfunc with mask …
called from an operation only allowing …" (scx_kf_allowed(), kernel/sched/ext.c, 6.12 to 7.0);
whatever else follows comes after that check, which has passed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.run_time import RunTimeMasks, index_run_time
from kfmap.permission.verdict import FAILS
from kfmap.probe.evidence import EvidenceError

SOURCE = Path(__file__).with_name("oracle.c")
SCHEDULER = Path(__file__).with_name("oracle.bpf.o")
FORMAT, VERSION = "kfmap-run-time", 1
# Callbacks that init arms: no op runs, so no mask is in force.
CALLBACKS = {"timer": "a timer", "workqueue": "a workqueue"}
OPS = "sched_ext_ops"
_MASK = "kfunc with mask"
_MOST = 10_000
# Ops that the guest cannot have the kernel call, or calls that nothing is heard of.
_WHY_NOT = {
    "core_sched_before": "the kernel calls it with core scheduling alone",
    "exit": "the scheduler is ending already, so the kernel keeps no error of the call",
}


class RunTimeWord(StrEnum):
    """What came of a call.

    STOPS: the machine stood still in it, twice. A mask that refuses returns at once, so it had let
    the call through. UNDRIVEN: the kernel never came to it, or nothing was heard of it.
    """

    PASSES = "passes"
    FAILS = "fails"
    STOPS = "stops the machine"
    UNDRIVEN = "undriven"


@dataclass(frozen=True, slots=True)
class RunTimeAnswer:
    """A kfunc called from an op; `message` is what the scheduler was ended with, "" for nothing."""

    op: str
    kfunc: str
    word: RunTimeWord
    message: str


@dataclass(frozen=True, slots=True)
class RunTimeEvidence:
    """What one booted kernel did with each call."""

    release: str
    answers: tuple[RunTimeAnswer, ...]


@dataclass(frozen=True, slots=True)
class RunTimeCell:
    """An answer beside the map's: `ours` is PASSES or FAILS; `reason` says why it is undriven."""

    answer: RunTimeAnswer
    ours: RunTimeWord
    reason: str = ""

    @property
    def differs(self) -> bool:
        """Return whether the kernel and the map contradict."""
        if self.answer.word == RunTimeWord.STOPS:
            return self.ours == RunTimeWord.FAILS
        return self.answer.word not in (self.ours, RunTimeWord.UNDRIVEN)


def read_run_time(document: bytes) -> RunTimeEvidence:
    """Read the lines that the oracle wrote. Raises EvidenceError where they are none."""
    lines = list(read_lines(document))
    head = lines[0] if lines else {}
    if head.get("format") != FORMAT or head.get("version") != VERSION:
        raise EvidenceError("it is not what the run-time oracle writes")
    if problem := next((line["problem"] for line in lines if "problem" in line), None):
        raise EvidenceError(str(problem)[:200])
    answers = tuple(_read_answer(line) for line in lines[1:] if "op" in line)
    return RunTimeEvidence(str(head.get("release", ""))[:128], answers)


def read_lines(document: bytes) -> Iterator[dict[str, Any]]:
    """Return the JSON objects among the lines of a console."""
    for text in document.split(b"\n")[:_MOST]:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue  # what the kernel printed in between
        if isinstance(line, dict):
            yield line


def _read_answer(line: dict[str, Any]) -> RunTimeAnswer:
    message = str(line.get("message", ""))[:256]
    word = RunTimeWord.UNDRIVEN
    if line.get("stopped") is True:
        word = RunTimeWord.STOPS
    elif line.get("called") is True and line.get("absent") is not True:
        word = RunTimeWord.FAILS if message.startswith(_MASK) else RunTimeWord.PASSES
    return RunTimeAnswer(str(line["op"])[:64], str(line.get("kfunc", ""))[:128], word, message)


def compare_run_time(facts: KernelFacts, evidence: RunTimeEvidence) -> list[RunTimeCell]:
    """Return every cell of ops and guarded kfuncs: as it was driven, else why it was not.

    Raises EvidenceError for a kernel that checks no mask when a kfunc is called.
    """
    masks = index_run_time(facts.run_time)
    if masks is None:
        raise EvidenceError(f"{facts.name} checks no masks at run time: it refuses at load time")
    asked = {(item.op, item.kfunc): item for item in evidence.answers}
    ops = [member for _, member in sorted(masks.ops)]
    return [
        _cell(masks, asked.get((op, kfunc)), op, kfunc)
        for op in (*ops, *CALLBACKS)
        for kfunc in sorted(masks.guards)
    ]


def _cell(masks: RunTimeMasks, answer: RunTimeAnswer | None, op: str, kfunc: str) -> RunTimeCell:
    if op in CALLBACKS:
        word, _ = masks.decide_bare(CALLBACKS[op], kfunc)
    else:
        word, _ = masks.decide(Context("BPF_PROG_TYPE_STRUCT_OPS", None, None, OPS, op), kfunc)
    ours = RunTimeWord.FAILS if word == FAILS else RunTimeWord.PASSES
    if answer is not None and answer.word != RunTimeWord.UNDRIVEN:
        return RunTimeCell(answer, ours)
    reason = _WHY_NOT.get(op, "")
    if answer is None and not reason:
        reason = "the oracle's scheduler does not make this call"
    undriven = answer or RunTimeAnswer(op, kfunc, RunTimeWord.UNDRIVEN, "")
    return RunTimeCell(undriven, ours, reason or "nothing in the guest made the kernel call the op")


@dataclass(frozen=True, slots=True)
class RunTimeCounts:
    """How many calls were compared, do as the map says, and could not be driven."""

    compared: int
    equal: int
    undriven: int


def count_run_time(cells: Iterable[RunTimeCell]) -> RunTimeCounts:
    """Return the counts of an agreement."""
    found = list(cells)
    undriven = sum(cell.answer.word == RunTimeWord.UNDRIVEN for cell in found)
    compared = len(found) - undriven
    return RunTimeCounts(compared, compared - sum(cell.differs for cell in found), undriven)


def render_run_time(name: str, evidence: RunTimeEvidence, cells: list[RunTimeCell]) -> str:
    """Return the agreement cell by cell for a terminal: counts, what differs, what is undriven."""
    counts = count_run_time(cells)
    differing = [cell for cell in cells if cell.differs]
    lines = [
        f"{evidence.release} was asked at run time: {counts.equal:,} of {counts.compared:,} calls "
        f"do what the masks of {name} say; {counts.undriven:,} calls could not be driven.",
    ]
    lines += [
        f"  stops the machine: {cell.answer.kfunc} in {cell.answer.op}: the mask lets it through, "
        "and it never comes back"
        for cell in cells
        if cell.answer.word == RunTimeWord.STOPS and not cell.differs
    ]
    lines += [
        f"  differs: {cell.answer.kfunc} in {cell.answer.op}: the kernel: {cell.answer.word}"
        f"{f' ({cell.answer.message})' if cell.answer.message else ''}, the map: {cell.ours}"
        for cell in differing
    ]
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if cell.answer.word == RunTimeWord.UNDRIVEN:
            reasons.setdefault((cell.answer.op, cell.reason), []).append(cell.answer.kfunc)
    lines += [
        f"  not driven: {op}: {', '.join(kfuncs)}: {reason}"
        for (op, reason), kfuncs in reasons.items()
    ]
    return "\n".join(lines)
