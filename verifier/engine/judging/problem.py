"""What is wrong with something live in a program, and how it is told from other problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    `advice`: what to do, "" where that follows from the kind."""

    kind: FindingKind
    kfunc: str
    path: Path
    sure: bool
    reasons: tuple[Reason, ...]
    advice: str = ""

    @property
    def key(self) -> tuple[str, str, tuple[int, int | None]]:
        """Return what makes two problems one: they are said of the same instruction."""
        return self.kind, self.kfunc, self.path[-1]

    def made_sure(self, sure: bool) -> Problem:
        """Return the same problem, sure if it is or another walk was."""
        return replace(self, sure=self.sure or sure)


def path_to(node: Node, slot: int | None) -> Path:
    """Return the way to an instruction of the function that a node is."""
    path = node.path()
    return (*path[:-1], (path[-1][0], slot))


def path_problem(found: Objection, kfunc: str, node: Node, slot: int, sure: bool) -> Problem:
    """Make a problem of an objection to an instruction of the function that a node is."""
    path, is_sure = path_to(node, slot), sure and found.certain
    return Problem(found.kind, kfunc, path, is_sure, found.reasons, found.advice)


def path_to_call(node: Node) -> Path:
    """Return the way to the instruction that calls the function that a node is."""
    return tuple(node.path()[:-1])


def extend(path: Path, inner: Sequence[tuple[int, int | None]]) -> Path:
    return (*path, *inner)
