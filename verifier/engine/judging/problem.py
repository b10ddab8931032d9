"""What is wrong with something live in a program, and how it is told from other problems."""

from __future__ import annotations

from collections.abc import Sequence

from kfmap.quick_dataclass import dataclass
from verifier.engine.flow.reach import Node
from verifier.engine.result import FindingKind, Reason

Path = tuple[tuple[int, int | None], ...]  # (function, slot in it that leads on)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the kernel objects. `certain` is False where something it
    depends on is not known, of the way there or of the kernel."""

    kind: FindingKind
    reasons: tuple[Reason, ...]
    certain: bool = True
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """An objection to what is done at the end of `path`. `kfunc`: which one it is about, or "".
    `place`: the function and slot that have to be live. `advice`: what to do, "" where that follows
    from the kind."""

    kind: FindingKind
    kfunc: str
    path: Path
    sure: bool
    reasons: tuple[Reason, ...]
    place: tuple[int, int]
    advice: str = ""

    @property
    def key(self) -> tuple[str, str, tuple[int, int | None]]:
        """Return what makes two problems one: they are said of the same instruction."""
        return self.kind, self.kfunc, self.path[-1]


def path_to(node: Node, slot: int | None) -> Path:
    """Return the way to an instruction of the function that a node is."""
    path = node.path()
    return (*path[:-1], (path[-1][0], slot))


def path_problem(found: Objection, kfunc: str, node: Node, slot: int, sure: bool) -> Problem:
    """Make a problem of an objection to an instruction of the function that a node is."""
    path, is_sure = path_to(node, slot), sure and found.certain
    place = (node.function, slot)
    return Problem(found.kind, kfunc, path, is_sure, found.reasons, place, found.advice)


def path_to_call(node: Node) -> Path:
    """Return the way to the instruction that calls the function that a node is."""
    return tuple(node.path()[:-1])


def place_of_call(node: Node) -> tuple[int, int]:
    """Return the function and slot of the instruction that calls the function that a node is."""
    if node.before is None or node.slot is None:  # the callback that a program is declared with
        return node.function, -1
    return node.before.function, node.slot


def extend(path: Path, inner: Sequence[tuple[int, int | None]]) -> Path:
    return (*path, *inner)
