"""Where an instruction stands in the program's own source, as .BTF.ext says."""

from __future__ import annotations

from verifier.engine.object.model import BpfObject
from verifier.engine.result import SourceLine, Step


def step_at(obj: BpfObject, function: int, slot: int | None) -> Step:
    """Return a step of a call path: a function, and the slot of its section that leads on."""
    found = obj.functions[function]
    return Step(found.name, slot, _source_line(obj, found.section, slot))


def _source_line(obj: BpfObject, section: str, slot: int | None) -> SourceLine | None:
    if slot is None or obj.btf_ext is None:
        return None
    line = obj.btf_ext.line(section, slot)
    return SourceLine(line.file, line.line, line.text.strip()) if line else None
