"""Findings by their cause: one cause, the kernels and the programs that it hits.

A checker says of each program on each kernel why it fails; people ask why the object does. What
is the same reason is one cause here, and a cause that explains others hides what follows from it:
on a kernel without the ops structure, its missing kfuncs are no news.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from kfmap.quick_dataclass import dataclass
from verifier.engine.reports.model import CheckedObject
from verifier.engine.result import (
    LEFT_OUT,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
)

# The first kind that refuses a whole object explains the later ones on that kernel: without the ops
# structure nothing else of its release is to be expected.
_ORDER = (
    FindingKind.STRUCT_OPS,
    FindingKind.LOAD,
    FindingKind.MALFORMED_KERNEL,
    FindingKind.MISSING,
    FindingKind.PROTOTYPE,
    FindingKind.DEVICE_BOUND,
    FindingKind.NOT_ALLOWED,
    FindingKind.NOT_SLEEPABLE,
    FindingKind.REGION,
    FindingKind.RUN_TIME,
    FindingKind.UNKNOWN,
    FindingKind.LEFT_OUT,
)
_RANK = {kind: rank for rank, kind in enumerate(_ORDER)}
_GOES_ON = re.compile(r"(bpf_iter_\w+)_(?:next|destroy)")
_SOFT = frozenset({FindingKind.RUN_TIME, FindingKind.UNKNOWN, FindingKind.LEFT_OUT})


@dataclass(frozen=True, slots=True)
class Hit:
    """A kernel that has the cause, with the programs it hits in the object's order.

    `whole`: it hits every program of the object there that its loader loads.
    """

    kernel: str
    programs: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why programs do not pass; `hits` newest kernel first.

    `example` is the finding of the newest kernel with the longest path: what it says of place and
    advice holds for the cause. `text` is the reason that decides. `fingerprint` stays the same for
    the same cause in another version of the object or on more kernels.
    """

    kind: FindingKind
    kfunc: str
    text: str
    example: Finding
    hits: tuple[Hit, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        """Return the kernels that have it, newest first."""
        return tuple(hit.kernel for hit in self.hits)

    @property
    def named(self) -> str:
        """Return the reason, with the kfunc in front where it does not begin with that."""
        begins_so = not self.kfunc or self.text.startswith(self.kfunc)
        return self.text if begins_so else f"{self.kfunc}: {self.text}"

    @property
    def programs(self) -> tuple[str, ...]:
        """Return the programs that it hits on any kernel."""
        return tuple(dict.fromkeys(name for hit in self.hits for name in hit.programs))

    @property
    def sentence(self) -> str:
        """Return the reason as a sentence begins; names of the program stay as C writes them."""
        first = self.text.partition(" ")[0]
        return self.text[:1].upper() + self.text[1:] if first.isalpha() else self.text

    @property
    def whole(self) -> bool:
        """Return whether it hits the whole object wherever it hits."""
        return all(hit.whole for hit in self.hits)

    @property
    def fingerprint(self) -> str:
        """Return the first 32 digits of a SHA-256 over what the cause is, not where it was seen."""
        function = self.example.path[-1].function if self.example.path else ""
        text = "\0".join((self.kind, self.kfunc, function, self.text))
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes of an object, newest kernel first; `followed` counts the findings they explain."""

    shown: tuple[Cause, ...]
    followed: int


def find_causes(obj: CheckedObject) -> Causes:
    """Return the causes of all that does not pass on any kernel, dead calls left out."""
    collected = _Collector(obj.verdicts[-1].kernel if obj.verdicts else "")
    for verdict in reversed(obj.verdicts):  # newest first: its finding is the example
        collected.add(verdict)
    return Causes(collected.causes(), collected.followed)


def causes_on(causes: Iterable[Cause], kernel: str) -> list[Cause]:
    """Return those of the causes that a kernel has, the gravest first."""
    return [cause for cause in causes if kernel in cause.kernels]


_Key = tuple[FindingKind, str, str]


class _Collector:
    """Findings as they come, kernel by kernel from `newest` on."""

    def __init__(self, newest: str) -> None:
        self.followed = 0
        self._newest = newest
        self._examples: dict[_Key, Finding] = {}
        self._hits: dict[_Key, list[Hit]] = {}

    def add(self, verdict: ObjectVerdict) -> None:
        found = _by_key(verdict.programs)
        loaded = {row.program for row in verdict.programs if row.verdict != LEFT_OUT}
        root = _find_root(found, loaded)
        for key, programs in found.items():
            if (root is not None and _RANK.get(key[0], 0) > root) or _follows_new(key, found):
                self.followed += sum(len(findings) for findings in programs.values())
                continue
            self._keep(key, programs)
            names = tuple(programs)
            whole = loaded <= set(programs) and len(loaded) > 1
            self._hits.setdefault(key, []).append(Hit(verdict.kernel, names, whole))

    def _keep(self, key: _Key, programs: dict[str, list[Finding]]) -> None:
        """Keep the finding that says most; one of a newer kernel stays."""
        if key not in self._examples:
            everything = [item for findings in programs.values() for item in findings]
            self._examples[key] = max(everything, key=_wordiness)

    def causes(self) -> tuple[Cause, ...]:
        """Return the causes: what the newest kernel has first, then refusals, then the rest.

        Each part goes from newer kernels to older ones, on a kernel from the gravest on: what could
        not be asked of an older kernel stands behind what an older one still refuses.
        """
        newest = {hits[0].kernel: at for at, hits in enumerate(reversed(self._hits.values()))}
        made = [Cause(*key, self._examples[key], tuple(hits)) for key, hits in self._hits.items()]

        def place(cause: Cause) -> tuple[bool, int, bool, int]:
            first, soft = cause.hits[0].kernel, cause.kind in _SOFT
            return soft and first != self._newest, -newest[first], soft, _RANK.get(cause.kind, 0)

        return tuple(sorted(made, key=place))


def _wordiness(finding: Finding) -> tuple[bool, int, int]:
    return finding.source is not None, len(finding.path), len(finding.reasons)


def _by_key(rows: Sequence[ProgramVerdict]) -> dict[_Key, dict[str, list[Finding]]]:
    found: dict[_Key, dict[str, list[Finding]]] = {}
    for row in rows:
        for finding in row.findings:
            if finding.kind == FindingKind.DEAD:
                continue
            text = finding.reasons[-1].text if finding.reasons else ""
            key = (finding.kind, finding.kfunc, text)
            found.setdefault(key, {}).setdefault(row.program, []).append(finding)
    return found


def _follows_new(key: _Key, found: dict[_Key, dict[str, list[Finding]]]) -> bool:
    """Return whether a call of an iterator goes wrong as the call that makes it does.

    bpf_for() and bpf_for_each() are written as one thing and become three calls.
    """
    kind, kfunc, text = key
    iterator = _GOES_ON.fullmatch(kfunc)
    if iterator is None:
        return False
    new = f"{iterator[1]}_new"
    made = found.get((kind, new, text.replace(kfunc, new)), {})
    return set(found[key]) <= set(made)


def _find_root(found: dict[_Key, dict[str, list[Finding]]], loaded: set[str]) -> int | None:
    """Return the rank of the first kind that refuses the whole object on a kernel, if one does.

    Findings that say so have no path of their own: libbpf refuses before any program is verified.
    """
    ranks = [
        _RANK[key[0]]
        for key, programs in found.items()
        if key[0] not in _SOFT
        and loaded
        and loaded <= set(programs)
        and any(not finding.path for findings in programs.values() for finding in findings)
    ]
    return min(ranks, default=None)
