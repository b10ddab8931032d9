"""Findings with their evidence: call path, source line, disassembly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verifier.engine.object.disassemble import disassemble_around
from verifier.engine.object.model import BpfObject
from verifier.engine.object.steps import step_at
from verifier.engine.result import Finding, FindingKind, Reason, Step

Place = tuple[int, int | None]  # (function, slot in it that leads on)
Path = Sequence[Place]


class Evidence:
    """What an object shows of its places, made once for all that is found there on any kernel."""

    def __init__(self, obj: BpfObject) -> None:
        self._object = obj
        self._steps: dict[Place, Step] = {}
        self._around: dict[Place, tuple[str, ...]] = {}

    def steps(self, path: Path) -> tuple[Step, ...]:
        """Return the steps of a call path."""
        return tuple(map(self._step, path))

    def _step(self, place: Place) -> Step:
        step = self._steps.get(place)
        if step is None:
            step = self._steps[place] = step_at(self._object, *place)
        return step

    def disassembly(self, path: Path) -> tuple[str, ...]:
        """Return the instruction at the end of a path with its neighbours, nothing without one."""
        function, slot = path[-1] if path else (0, None)
        if slot is None:
            return ()
        if path[-1] not in self._around:
            section = self._object.functions[function].section
            self._around[path[-1]] = disassemble_around(self._object, section, slot)
        return self._around[path[-1]]


class Reporter:
    """Makes findings for one object on one kernel."""

    def __init__(
        self, evidence: Evidence, advise: Callable[[str, str], tuple[tuple[str, ...], str]]
    ) -> None:
        """`advise` says, by the kind and the kfunc, where it is legal and what to do."""
        self._evidence = evidence
        self._advise = advise

    def report(
        self,
        kind: FindingKind,
        kfunc: str,
        path: Path,
        reasons: tuple[Reason, ...],
        advice: str = "",
    ) -> Finding:
        """Make a finding; `path` ends with the function and slot of the call itself.

        `advice`: what to do, where that is known better than by the kind.
        """
        steps = self._evidence.steps(path)
        legal_in, suggestion = self._advise(kind, kfunc)
        return Finding(
            kind=kind,
            kfunc=kfunc,
            path=steps,
            instruction=path[-1][1] if path else None,
            source=steps[-1].source if steps else None,
            disassembly=self._evidence.disassembly(path),
            reasons=reasons,
            legal_in=legal_in,
            suggestion=advice or suggestion,
        )
