"""The selftests' expected messages by what they are about, and whether kfmap says the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.kernel_objects.annotations import Annotation
from verifier.engine.result import REFUSED, FindingKind, ProgramVerdict

WANTED = 95  # of a hundred programs that are expected to be refused
REASON, OTHER = "refused for that", "refused for something else"
ABSENT = "of the test module"  # which nobody ships, so its kfuncs are missing first


@dataclass(frozen=True, slots=True)
class MessageClass:
    """Messages alike: `pattern` of the kernel's, `kinds` of the findings that say the same."""

    name: str
    pattern: str
    kinds: tuple[FindingKind, ...]


_PLACE = (FindingKind.LOAD, FindingKind.STRUCT_OPS)
_HELD = (FindingKind.REGION, FindingKind.NOT_SLEEPABLE)
# The first that fits; what is in none is about pointers, memory, arguments: not judged by kfmap.
CLASSES = (
    MessageClass(
        "kfuncs that may not be called", r"calling kernel function", (FindingKind.NOT_ALLOWED,)
    ),
    MessageClass(
        "exceptions",
        r"bpf_throw|exception cb|exception callback|exception_cb|cannot be called from callback",
        (FindingKind.REGION, FindingKind.LOAD),
    ),
    MessageClass("callbacks", r"within callback", (FindingKind.REGION,)),
    MessageClass("poisoned code", r"invalid func unknown|bpf_trap", _PLACE),
    MessageClass(
        "regions left open", r"cannot be used inside|unlock is missing|enable.* missing", _HELD
    ),
    MessageClass(
        "regions ended wrongly",
        r"unmatched|without taking|different lock|out of order|irq state|AA deadlock|nested rcu"
        r"|irq flag acquired",
        _HELD,
    ),
    MessageClass(
        "calls under locks",
        r"while holding a lock|must be held for|calls are not allowed",
        _HELD,
    ),
    MessageClass("RCU", r"RCU critical section|an RCU CS", _HELD),
    MessageClass("callbacks of trees", r"rbtree cb|rbtree callback", _HELD),
    MessageClass(
        "sleeping",
        r"sleepable (helper|kfunc|global|kernel)|must be sleepable|might sleep|is sleepable within"
        r"|cannot be sleepable|is not sleepable|only be sleepable",
        (FindingKind.NOT_SLEEPABLE, *_PLACE),
    ),
    MessageClass(
        "maps of programs", r"progs cannot use bpf_|has to have BTF in order", (FindingKind.LOAD,)
    ),
    MessageClass(
        "helpers of programs",
        r"cannot use helper|unknown func bpf_|program of this type cannot",
        (FindingKind.LOAD, FindingKind.NOT_ALLOWED),
    ),
    MessageClass(
        "places of programs",
        r"points to disabled hook|failed to find kernel BTF|unsupported member|not modifiable",
        _PLACE,
    ),
)


@dataclass
class ClassCounts:
    """What became of the programs whose expected message is of each class."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def add(self, name: str, program: ProgramVerdict, annotation: Annotation) -> None:
        """Count a program that is expected to be refused."""
        found = find_class(annotation.messages)
        if found is None:
            return
        outcome = _outcome(program, found)
        self.counts.setdefault(found.name, Counter())[outcome] += 1
        if outcome not in (REASON, ABSENT):
            self.missed.append(f"{name}: {outcome}; {found.name}: {annotation.messages[0]}")

    def lines(self) -> Iterable[str]:
        """Return a line for each class, the share of those refused for that reason first."""
        for item in CLASSES:
            counts = self.counts.get(item.name)
            if counts:
                share = 100 * counts[REASON] / max(counts.total() - counts[ABSENT], 1)
                told = ", ".join(f"{number} {word}" for word, number in counts.most_common())
                short = "" if share >= WANTED else f" (below {WANTED} %)"
                yield f"{share:5.1f} % {item.name}: {told}{short}"


def find_class(messages: Iterable[str]) -> MessageClass | None:
    """Return the class of the first message that has one."""
    for message in messages:
        for item in CLASSES:
            if re.search(item.pattern, message):
                return item
    return None


def _outcome(program: ProgramVerdict, wanted: MessageClass) -> str:
    if program.verdict != REFUSED:
        return program.verdict
    kinds = {finding.kind for finding in program.findings}
    if kinds & set(wanted.kinds):
        return REASON
    return ABSENT if FindingKind.MISSING in kinds else OTHER
