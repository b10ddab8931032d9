"""What a report is made of, whatever its subject and format.

Texts are those of the map and of objects as they are: every renderer makes them harmless.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from kfmap import __version__
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.quick_dataclass import dataclass
from kfmap.safe_text.csv_rows import Value

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]
else:
    Graph = Any

VERSION = 1  # of the JSON form; it rises when a key changes its meaning


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below columns; `name` is its caption, and the name of its sheet in a workbook."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is said, such as a cause: a headline, then sentences, then lines of code."""

    headline: str
    texts: tuple[str, ...]
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading, listed in the contents; its pieces stand in this order."""

    title: str
    paragraphs: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    tables: tuple[Table, ...] = ()
    graphs: tuple[Graph, ...] = ()


class Level(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class State(StrEnum):
    """What a finding is beside an older reading; ALONE where there is none."""

    ALONE = ""
    NEW = "new"
    SAME = "same"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding: one word for programs, a phrase for people."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or other than before, for code review tools and CI.

    `subject` names what it is about, `places` are files with their lines, 0 where none is known.
    """

    rule: Rule
    level: Level
    subject: str
    text: str
    places: tuple[tuple[str, int], ...] = ()
    state: State = State.ALONE
    mark: str = ""

    @property
    def fingerprint(self) -> str:
        """Return its mark, else the first 32 digits of a SHA-256 over what it says."""
        if self.mark:
            return self.mark
        text = "\0".join((self.rule.id, self.subject, self.text))
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class SignOff:
    """What somebody decided about one object, and when (ISO 8601).

    `holds` says what of it still does, `rests_on` on which kernels, policies and engine it stands,
    `space` where it counts, "" where in all.
    """

    subject: str
    decision: str
    author: str
    when: str
    text: str
    holds: str
    rests_on: str = ""
    space: str = ""

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """Return what is said of it beside its text, with the words before each."""
        pairs = (
            ("Of", self.subject),
            ("On", self.when),
            ("In the space", self.space),
            ("Rests on", self.rests_on),
            ("Holds", self.holds),
        )
        return tuple(pair for pair in pairs if pair[1])


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `kind` is one word for programs; `lead` is the answer, in a few lines.

    `sheets` are the whole data, of which the sections show what people read; the first is the one
    that CSV holds. `provenance` names hashes and versions. Without `sign_offs` a report of which
    `signable` is true has an empty block to sign. `findings`: None for what has none by its nature.
    """

    kind: str
    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    sheets: tuple[Table, ...]
    provenance: tuple[tuple[str, str], ...]
    sign_offs: tuple[SignOff, ...] = ()
    signable: bool = False
    findings: tuple[Finding, ...] | None = None


def made_by() -> tuple[tuple[str, str], ...]:
    """Return what made the report, as the end of its provenance."""
    return ("kfmap", __version__), ("engine", str(ENGINE_VERSION))


# Words of cells that are a verdict, and what they mean to a reader in a hurry.
TONES = {
    "✓": "good",
    "passes": "good",
    "allowed": "good",
    "refused": "bad",
    "defect": "bad",
    "fails at run time": "fails",
    "only if the program may sleep": "part",
    "will not load": "part",
    "left out by its loader": "part",
    "risk": "part",
    "unknown": "unclear",
    "unchecked": "unclear",
    "could not be checked": "unclear",
    "could not be read": "unclear",
}
