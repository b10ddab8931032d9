"""Findings with their evidence: call path, source line, disassembly."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.engine.judging.advice import Adviser
from verifier.engine.object.disassemble import disassemble_around
from verifier.engine.object.model import BpfObject
from verifier.engine.object.steps import step_at
from verifier.engine.result import Finding, FindingKind, Reason

Path = Sequence[tuple[int, int | None]]  # (function, slot in it that leads on)


class Reporter:
    """Makes findings for one object on one kernel."""

    def __init__(self, obj: BpfObject, adviser: Adviser) -> None:
        self._object = obj
        self._adviser = adviser

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
        steps = tuple(step_at(self._object, function, slot) for function, slot in path)
        slot = path[-1][1] if path else None
        section = self._object.functions[path[-1][0]].section if path else ""
        legal_in, suggestion = self._adviser.advise(kind, kfunc)
        return Finding(
            kind=kind,
            kfunc=kfunc,
            path=steps,
            instruction=slot,
            source=steps[-1].source if steps else None,
            disassembly=disassemble_around(self._object, section, slot) if slot is not None else (),
            reasons=reasons,
            legal_in=legal_in,
            suggestion=advice or suggestion,
        )
