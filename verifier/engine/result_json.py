"""Verdicts and summaries as plain JSON values and back: between processes, and in the database."""

from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from kfmap.quick_dataclass import field_names
from verifier.engine.object.model import StructOpsUse
from verifier.engine.result import (
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
    Reason,
    SourceLine,
    Step,
)
from verifier.engine.source_view import (
    CallKind,
    CodeLine,
    FunctionSource,
    LineCall,
    SourceView,
)
from verifier.engine.summary import CallSummary, ObjectSummary, ProgramSummary

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SCALARS = frozenset({str, int, bool, type(None)})
_NAMES: dict[type, tuple[str, ...]] = {}  # of fields, by class


def plain(value: DataclassInstance) -> dict[str, Any]:
    """Return dictionaries, lists, texts and numbers, in a fifth of the time of asdict()."""
    made: dict[str, Any] = _plain(value)
    return made


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    names = _names_of(type(value))
    if names:
        return {name: _plain(getattr(value, name)) for name in names}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _names_of(kind: type) -> tuple[str, ...]:
    """Return the fields of a record, none for all else."""
    if kind not in _NAMES:
        _NAMES[kind] = field_names(kind) or tuple(getattr(kind, "__dataclass_fields__", ()))
    return _NAMES[kind]


def _fields(record: object) -> dict[str, Any]:
    names = _names_of(type(record))
    if not names:
        raise TypeError(f"no record, and nothing that JSON has: {record!r}")
    return {name: getattr(record, name) for name in names}


# What is written has no cycles. It goes into records as it comes to them, which takes half the time
# of making all of it plain first.
_ENCODER = JSONEncoder(check_circular=False, default=_fields)


def write_json(value: object) -> str:
    """Return as JSON, in one line, what may hold records, as `plain` has them."""
    return _ENCODER.encode(value)


def parse_verdict(value: dict[str, Any]) -> ObjectVerdict:
    """Read what `plain` gave for a verdict."""
    programs = tuple(_program_verdict(item) for item in value["programs"])
    return ObjectVerdict(value["kernel"], programs)


def parse_finding(value: dict[str, Any]) -> Finding:
    """Read what `plain` gave for a finding."""
    return Finding(
        kind=FindingKind(value["kind"]),
        kfunc=value["kfunc"],
        path=parse_path(value["path"]),
        instruction=value["instruction"],
        source=_source(value["source"]),
        disassembly=tuple(value["disassembly"]),
        reasons=tuple(Reason(**reason) for reason in value["reasons"]),
        legal_in=tuple(value["legal_in"]),
        suggestion=value["suggestion"],
    )


def parse_summary(value: dict[str, Any]) -> ObjectSummary:
    """Read what `plain` gave for a summary."""
    programs = tuple(_program_summary(item) for item in value["programs"])
    return ObjectSummary(**{**value, "programs": programs, "notes": tuple(value["notes"])})


def _program_verdict(value: dict[str, Any]) -> ProgramVerdict:
    return ProgramVerdict(
        program=value["program"],
        verdict=value["verdict"],
        findings=tuple(parse_finding(item) for item in value["findings"]),
        live_kfuncs=tuple(value["live_kfuncs"]),
        all_kfuncs=tuple(value["all_kfuncs"]),
    )


def _program_summary(value: dict[str, Any]) -> ProgramSummary:
    uses = tuple(StructOpsUse(**use) for use in value["struct_ops"])
    calls = tuple(_call(call) for call in value["calls"])
    return ProgramSummary(**{**value, "struct_ops": uses, "calls": calls})


def _call(value: dict[str, Any]) -> CallSummary:
    path, source = parse_path(value["path"]), _source(value["source"])
    return CallSummary(**{**value, "path": path, "source": source})


def parse_path(value: list[dict[str, Any]]) -> tuple[Step, ...]:
    """Read the steps of a call path."""
    return tuple(Step(**{**step, "source": _source(step["source"])}) for step in value)


def _source(value: dict[str, Any] | None) -> SourceLine | None:
    return None if value is None else SourceLine(**value)


def parse_source(value: dict[str, Any]) -> SourceView:
    """Read what `plain` gave for the source of a program."""
    functions = tuple(
        FunctionSource(item["name"], tuple(map(_code_line, item["lines"])))
        for item in value["functions"]
    )
    return SourceView(value["program"], functions, value["left_out"])


def _code_line(value: dict[str, Any]) -> CodeLine:
    calls = tuple(
        LineCall(CallKind(item["kind"]), item["name"], item["instruction"])
        for item in value["calls"]
    )
    texts = tuple(value["instructions"])
    return CodeLine(value["file"], value["line"], value["text"], calls, texts)
