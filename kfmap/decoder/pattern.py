"""Patterns of messages: templates with named holes, and an index that finds the few that can fit.

A hole takes a bounded run of characters that the text after it cannot begin with, and a match
begins at a word: matching a line costs time in proportion to its length, whatever it holds. A line
is only tried against patterns one of whose whole words it has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from kfmap.decoder.about import About
from kfmap.decoder.kinds import Kind

# What a hole takes. Names that are not in `_SILENT` are kept as facts of the message.
_HOLES = {
    "kfunc": r"[A-Za-z_](?:[\w.$]{0,126}[\w$])?",
    "helper": r"[A-Za-z_]\w{0,127}",
    "helper_id": r"\d{1,10}",
    "function": r"[A-Za-z_](?:[\w.$]{0,126}[\w$])?",
    "region": r"[A-Za-z_-]{1,40}(?: [A-Za-z_-]{1,40}){0,4}",
    "struct_ops": r"\w{1,128}",
    "member": r"\w{1,128}",
    "map": r"[\w.$-]{1,128}",
    "scheduler": r"[^\"\n]{1,64}",
    "target": r"\w(?:[\w.$:/-]{0,198}[\w$])?",
    "type": r"[\w .$*-]{1,128}",
    "field": r"[\w,{}]{1,60}",
    "argument": r"(?:R\d{1,2}|arg ?#?\d{1,2}|stack arg#?\d{1,2}|\*\(R11[+-]\d{1,5}\))",
    "mask": r"[0-9a-fA-F]{1,16}",
    "allowing": r"[0-9a-fA-F]{1,16}",
    "task": r"[^\s\[\]()\"]{1,15}\[-?\d{1,10}\]",
    "seconds": r"\d{1,9}(?:\.\d{1,6})?",
    "reason": r"[^()\n]{1,200}",
    "errno": r"[^()\n]{1,80}",
    "detail": r"[^\n]{0,400}",
    # What somebody's code said: to the end of the line, but for a bracket that was opened before.
    "said": r"[^\n]{1,400}",
    "n": r"-?(?:0x)?[0-9a-fA-F]{1,20}",
    "name": r"[^\s'\"]{1,200}",
    "quoted": r"[^'\"\n]{0,300}",
    "word": r"\S{1,120}",
    # A partly known number, as tnum_strn() writes it: (0x0; 0x1f), or a constant.
    "tnum": r"\([^()\n]{1,60}\)(?:\+-?\d{1,10})?|\S{1,120}",
    "place": r"[\w.]{1,60}(?:\(\))?",
    "words": r"[\w ,*-]{1,100}",
}
_SILENT = {"n", "name", "quoted", "word", "words", "place", "tnum"}
_HOLE = re.compile(r"\{(\w+)\}")
_CLOSING = re.compile(r"\)(?: on CPU \d{1,5})?\s{0,8}$")
_WORD = re.compile(r"[A-Za-z_][A-Za-z_]{2,}")
_BEGINS_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A message as the kernel or a loader words it, e.g. `calling … {kfunc} is not allowed`.

    `about` names what the message says beyond its kind: a rule, or the class of a verifier's
    complaint. A `general` message gives way to a more exact one of the same load or run. A
    `wrapper` says little itself: it counts where no other pattern fits the line, and one for
    `complaints` only where the line complains; one that is `first` counts before every other.
    `kfunc` is the one that it is always about.
    """

    kind: Kind
    template: str
    about: About = About.NOTHING
    general: bool = False
    wrapper: bool = False
    complaints: bool = False
    first: bool = False
    kfunc: str = ""
    literal: str = field(init=False, repr=False, compare=False)
    weight: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "literal", max(_HOLE.split(self.template)[::2], key=len))
        weight = len(_HOLE.sub("", self.template))
        if self.first:
            weight += 1000
        elif self.general or self.wrapper:
            weight = 2 * self.wrapper + self.general - 2 * self.complaints
        object.__setattr__(self, "weight", weight)

    @property
    def expression(self) -> re.Pattern[str]:
        """Return what finds it in a line."""
        return _compile(self.template)

    def words(self) -> set[str]:
        """Return the words that every line with this message has whole."""
        return _whole_words(self.template)


@dataclass(frozen=True, slots=True)
class Match:
    """What a pattern found in a line: its text, and what its holes took."""

    pattern: Pattern
    text: str
    facts: dict[str, str]


@cache
def _compile(template: str) -> re.Pattern[str]:
    """Compile a template when a line first has its words: all together take 0.2 s."""
    return re.compile(_translate(template))


def _translate(template: str) -> str:
    parts = _HOLE.split(template)
    seen: set[str] = set()
    expression = r"(?<!\w)" if _begins_word(template) else ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            expression += re.escape(part)
        elif part in _SILENT or part in seen:
            expression += f"(?:{_HOLES[part]})"
        else:
            seen.add(part)
            expression += f"(?P<{part}>{_HOLES[part]})"
    return expression


def _begins_word(template: str) -> bool:
    return template.startswith("{") or bool(_BEGINS_WORD.match(template))


def _whole_words(template: str) -> set[str]:
    """Return the words of the literal text that no hole can make longer."""
    pieces = _HOLE.split(template)[::2]
    found = set()
    for place, piece in enumerate(pieces):
        for match in _WORD.finditer(piece):
            after_hole = place > 0 and match.start() == 0
            before_hole = place < len(pieces) - 1 and match.end() == len(piece)
            if not after_hole and not before_hole:
                found.add(match.group())
    return found


class PatternIndex:
    """Finds the pattern that says most of a line, among the few that share a word with it."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._by_word = _index(patterns)

    def find(self, line: str) -> Match | None:
        """Return the match of the pattern with the most text of its own, or None."""
        tried: set[int] = set()
        best: Match | None = None
        for word in _WORD.findall(line):
            for pattern in self._by_word.get(word, ()):
                if id(pattern) in tried or (best and best.pattern.weight > pattern.weight):
                    continue
                tried.add(id(pattern))
                if pattern.literal in line and (found := pattern.expression.search(line)):
                    best = _match(pattern, found)
        return best


def _match(pattern: Pattern, found: re.Match[str]) -> Match:
    facts = {name: value for name, value in found.groupdict().items() if value}
    if pattern.kfunc:
        facts["kfunc"] = pattern.kfunc
    text = found.group()
    if "said" in facts:
        said = facts["said"]
        opened = "(" in pattern.template
        facts["said"] = _CLOSING.sub("", said) if opened else said.strip()
        text = text[: len(text) - len(said)] + facts["said"] + (")" if opened else "")
    return Match(pattern, text, facts)


def _index(patterns: Iterable[Pattern]) -> dict[str, tuple[Pattern, ...]]:
    """Put each pattern under the rarest of its words."""
    patterns = list(patterns)
    counts = Counter(word for pattern in patterns for word in pattern.words())
    index: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        words = pattern.words()
        if not words:
            raise ValueError(f"no whole word to find {pattern.template!r} by")
        rarest = min(words, key=lambda word: (counts[word], -len(word), word))
        index.setdefault(rarest, []).append(pattern)
    return {word: tuple(found) for word, found in index.items()}
