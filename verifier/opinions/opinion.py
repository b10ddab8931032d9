"""What a booted kernel said of the programs of an object."""

from __future__ import annotations

from enum import StrEnum

from kfmap.quick_dataclass import dataclass


class Word(StrEnum):
    """What a kernel said of a program. NOT_ASKED: it could not be asked; the reason is with it."""

    LOADS = "loads"
    REFUSED = "refused"
    NOT_ASKED = "not_asked"


WORDS = {Word.LOADS: "loads", Word.REFUSED: "refused", Word.NOT_ASKED: "not asked"}


@dataclass(frozen=True, slots=True)
class ProgramOpinion:
    """One program.

    `reason`: the line that says why it does not load or was not asked, "" where it loads. `log`:
    the last lines of the verifier's log, `said` what libbpf said. `whole`: libbpf or the kernel
    refuses the object as a whole. The counts are the verifier's own, None where it printed none.
    """

    program: str
    word: Word
    reason: str = ""
    log: str = ""
    said: str = ""
    whole: bool = False
    error: int = 0
    instructions: int | None = None
    peak_states: int | None = None
    total_states: int | None = None


@dataclass(frozen=True, slots=True)
class KernelOpinion:
    """All programs of one object on one kernel.

    `kernel` is its name in the map, `release` what it calls itself, `libbpf` the version that
    loaded. `problem` says why nothing, or not all, could be asked, "" for nothing.
    """

    kernel: str
    release: str
    libbpf: str
    programs: tuple[ProgramOpinion, ...]
    problem: str = ""

    def by_name(self) -> dict[str, ProgramOpinion]:
        """Return the opinions by the names of the programs."""
        return {item.program: item for item in self.programs}
