"""Set what a kernel said of programs beside kfmap's verdicts.

The kernel judges more than kfmap does: a refusal for something else than kfmap judges contradicts
nothing. Which it is, the decoder tells from the log.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from kfmap.decoder.kinds import MEANINGS, Kind
from kfmap.quick_dataclass import dataclass
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    LEFT_OUT,
    PASSES,
    REFUSED,
    UNKNOWN,
    ProgramVerdict,
)
from verifier.engine.result import WORDS as VERDICT_WORDS
from verifier.opinions.opinion import WORDS, KernelOpinion, ProgramOpinion, Word
from verifier.opinions.reason import without_account

if TYPE_CHECKING:
    from kfmap.decoder.reading import LogMessage


class Agreement(StrEnum):
    """How the two go together."""

    AGREES = "agrees"
    NOT_JUDGED = "not_judged"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    NOT_COMPARED = "not_compared"


AGREEMENT_WORDS = {
    Agreement.AGREES: "agrees",
    Agreement.NOT_JUDGED: "refused for something kfmap does not judge",
    Agreement.DIFFERS: "differs",
    Agreement.UNKNOWN: "kfmap does not know",
    Agreement.NOT_COMPARED: "not compared",
}
_LIKE = {Word.LOADS: PASSES, Word.REFUSED: REFUSED, Word.NOT_ASKED: UNKNOWN}
# Complaints that verdicts do not cover (verifier.engine.reports.judged says so to readers), and
# those that are about the loader or the guest and not the program.
# What libbpf says of sections that came after it: bpf_object_load_prog() of a program's, and
# bpf_program__record_reloc() of the jump tables of gotox and of variables per CPU.
_OLD_LIBBPF = re.compile(
    r"missing BPF prog type, check ELF section name|in section '\.(jumptables|percpu)'"
)
# Complaints of a kind that verdicts cover, about what they do not: memory on the stack (of an irq
# flag), arguments, and what the loader sets (map_create() of the kernel: sizes, an inner map).
_NOT_JUDGED_TEXT = re.compile(
    r"expected an initialized irq flag as|has no valid kptr"
    r"|helper access to the packet|is not pointing to valid bpf_map"
    r"|failed to create: Invalid argument"
)
# And of a kind that they do not, about what they cover: what sets a timer or work up
# (process_map_ptr_arg()), how deep calls nest, and, where facts have it, what is returned, but for
# exceptions (R1) and functions that are called.
_JUDGED_TEXT = re.compile(
    r"doesn't match map pointer in R\d|the call stack of \d+ frames is too deep|recursive call from"
)
_RETURNED_TEXT = re.compile(
    r"(?:At (?:program exit|(?:async )?callback return)|[Ii]n async callback) the register R0 has"
)
_NOT_JUDGED = frozenset(
    (
        *(Kind.ARGUMENT, Kind.VERIFIER, Kind.ARENA, Kind.DESTRUCTIVE, Kind.PERFMON),
        *(Kind.PRIVILEGE, Kind.KERNEL_SUPPORT, Kind.KERNEL_BTF_MISSING),
        *(Kind.LOAD_FAILED, Kind.UNRECOGNISED),
    )
)

_SAYS_NOTHING = (Kind.UNRECOGNISED, Kind.LOAD_FAILED)


@dataclass(frozen=True, slots=True)
class ComparedProgram:
    """One program on one kernel: `verdict` is kfmap's, "" where it gave none.

    `message` is the complaint that the kernel refused it for, where the decoder knows it.
    """

    kernel: str
    program: str
    verdict: str
    opinion: ProgramOpinion
    agreement: Agreement
    message: LogMessage | None = None

    @property
    def our_word(self) -> str:
        """Return kfmap's verdict for people, "" where it gave none."""
        return VERDICT_WORDS[self.verdict] if self.verdict else ""

    @property
    def kernel_word(self) -> str:
        """Return what the kernel said, for people."""
        return WORDS[self.opinion.word]

    @property
    def kernel_style(self) -> str:
        """Return kfmap's verdict of the same colour."""
        return _LIKE[self.opinion.word]

    @property
    def agreement_word(self) -> str:
        """Return how the two go together, for people."""
        return AGREEMENT_WORDS[self.agreement]

    @property
    def source(self) -> str:
        """Return the source line that the log puts the complaint at: "file.c:12", or ""."""
        return (self.message.source if self.message else None) or ""

    @property
    def complaint(self) -> str:
        """Return why it does not load: what the decoder knows, else the last line of the log."""
        if self.message is None or self.message.kind in _SAYS_NOTHING:
            return self.opinion.reason
        return self.message.text

    @property
    def sentence(self) -> str:
        """Return in one sentence how the two go together."""
        if self.agreement == Agreement.AGREES:
            both = "loads it" if self.opinion.word == Word.LOADS else "refuses it too"
            return f"The kernel {both}."
        if self.agreement == Agreement.NOT_JUDGED:
            return (
                f"The kernel refuses it for something that kfmap does not judge: {self.complaint}."
            )
        if self.opinion.word == Word.NOT_ASKED:
            return f"The kernel was not asked: {self.opinion.reason}."
        if is_of_old_libbpf(self.opinion) and self.agreement == Agreement.NOT_COMPARED:
            return (
                "The kernel was not asked: the loader's libbpf does not know such a section. "
                "`kfmap fetch-images --again` brings the newest of Debian."
            )
        said = "loads it" if self.opinion.word == Word.LOADS else f"says: {self.complaint}"
        if self.agreement == Agreement.DIFFERS:
            return f"The kernel {said}. kfmap claims to judge this: one of the two is wrong."
        return f"The kernel {said}."

    @property
    def meaning(self) -> str:
        """Return what the kernel's complaint is about, "" where nobody knows."""
        return MEANINGS[self.message.kind] if self.message else ""


def compare(
    opinion: KernelOpinion,
    verdicts: Iterable[ProgramVerdict],
    knows_returns: Callable[[], bool] = lambda: True,
) -> tuple[ComparedProgram, ...]:
    """Return each program of an opinion beside its verdict on the same kernel.

    `knows_returns`: whether the kernel's facts have what programs may return. It is asked only
    where that matters, for facts take a while to load.
    """
    known = {verdict.program: verdict for verdict in verdicts}
    return tuple(
        _compare(opinion.kernel, program, known.get(program.program), knows_returns)
        for program in opinion.programs
    )


def count(compared: Iterable[ComparedProgram]) -> Mapping[Agreement, int]:
    """Return how many programs go together in each way."""
    return Counter(item.agreement for item in compared)


def _compare(
    kernel: str,
    opinion: ProgramOpinion,
    verdict: ProgramVerdict | None,
    knows_returns: Callable[[], bool],
) -> ComparedProgram:
    message = find_message(opinion) if opinion.word == Word.REFUSED else None
    agreement = _agree(opinion, verdict, message, knows_returns)
    word = verdict.verdict if verdict else ""
    return ComparedProgram(kernel, opinion.program, word, opinion, agreement, message)


def _agree(
    opinion: ProgramOpinion,
    verdict: ProgramVerdict | None,
    message: LogMessage | None,
    knows_returns: Callable[[], bool],
) -> Agreement:
    if verdict is None or opinion.word == Word.NOT_ASKED or verdict.verdict == LEFT_OUT:
        return Agreement.NOT_COMPARED
    if verdict.verdict == UNKNOWN:
        return Agreement.UNKNOWN
    if (opinion.word == Word.LOADS) == (verdict.verdict in (PASSES, FAILS_AT_RUN_TIME)):
        return Agreement.AGREES
    if verdict.verdict == REFUSED:
        return Agreement.DIFFERS
    if is_of_old_libbpf(opinion):  # so no kernel was asked
        return Agreement.NOT_COMPARED
    return Agreement.DIFFERS if _is_judged(message, knows_returns) else Agreement.NOT_JUDGED


def _is_judged(message: LogMessage | None, knows_returns: Callable[[], bool]) -> bool:
    """Return whether a complaint is of a kind that kfmap's verdicts cover."""
    if message is None or _NOT_JUDGED_TEXT.search(message.text):
        return False
    if message.kind not in _NOT_JUDGED or _JUDGED_TEXT.search(message.text):
        return True
    return _RETURNED_TEXT.search(message.text) is not None and knows_returns()


def is_of_old_libbpf(opinion: ProgramOpinion) -> bool:
    """Return whether libbpf refused a program because it is older than what the program uses."""
    return _OLD_LIBBPF.search(opinion.reason) is not None


def find_message(opinion: ProgramOpinion) -> LogMessage | None:
    """Return the complaint that a program was refused for: the last one of its log.

    The verifier stops at its first complaint; what stands before is about other paths. Without a
    log libbpf said it, and there the first complaint is the cause of the others.
    """
    # Late: every report knows opinions, few have one, and all messages take a while to compile.
    from kfmap.decoder.reading import read_log

    if opinion.log:
        messages = read_log(without_account(opinion.log)).messages
        return max(messages, key=lambda item: item.line, default=None)
    return next(iter(read_log(opinion.said).messages), None)
