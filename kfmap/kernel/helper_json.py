"""Facts about helpers as lines of JSON and back: one record each, so that they can be reviewed.

`KernelFacts` keeps the lines; whoever asks about helpers reads them then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kfmap.kernel.facts import Constant, KfuncSet
from kfmap.kernel.facts_json import FactsError, build_record, plain_value
from kfmap.kernel.helper_facts import HelperFacts
from kfmap.kernel.helper_form import (
    HelperCase,
    HelperFunction,
    HelperMaps,
    HelperProto,
    HelperTable,
)
from kfmap.quick_dataclass import replace

_KINDS: dict[str, type] = {
    "helper": Constant,
    "table": HelperTable,
    "function": HelperFunction,
    "proto": HelperProto,
    "set": KfuncSet,
    "maps": HelperMaps,
}
_CASE = "case"


def write_helpers(helpers: HelperFacts) -> tuple[str, ...]:
    """Return the lines; the cases of a function follow it."""
    return tuple(
        json.dumps([kind, record], sort_keys=True, separators=(",", ":"))
        for kind, record in _records(helpers)
    )


def read_helpers(lines: Sequence[str]) -> HelperFacts | None:
    """Return the facts that `write_helpers` wrote, None for no lines. Raises FactsError."""
    if not lines:
        return None
    found: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    cases: list[HelperCase] = []
    for number, (kind, record) in enumerate(_parse(lines), 1):
        where = f"line {number} of the helpers"
        if kind == _CASE:
            cases.append(build_record(HelperCase, record, where))
            continue
        if kind not in _KINDS:
            raise FactsError(f"{where}: unknown kind {kind!r}")
        _close(found["function"], cases)
        found[kind].append(build_record(_KINDS[kind], record, where))
    _close(found["function"], cases)
    return HelperFacts(*(tuple(found[kind]) for kind in _KINDS))


def _records(helpers: HelperFacts) -> Iterator[tuple[str, Any]]:
    groups: Iterable[tuple[str, tuple[Any, ...]]] = zip(
        _KINDS,
        (
            helpers.helpers,
            helpers.tables,
            helpers.functions,
            helpers.protos,
            helpers.sets,
            helpers.maps,
        ),
        strict=True,
    )
    for kind, records in groups:
        for record in records:
            if isinstance(record, HelperFunction):
                yield kind, plain_value(replace(record, cases=()))
                for case in record.cases:
                    yield _CASE, plain_value(case)
            else:
                yield kind, plain_value(record)


def _parse(lines: Sequence[str]) -> Iterable[tuple[str, Any]]:
    try:
        found = [(str(kind), record) for kind, record in json.loads(f"[{','.join(lines)}]")]
    except (ValueError, TypeError):
        return _parse_each(lines)
    return found if len(found) == len(lines) else _parse_each(lines)


def _parse_each(lines: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Parse lines one by one, so that an error has the number of its line."""
    for number, line in enumerate(lines, 1):
        try:
            kind, record = json.loads(line)
        except (ValueError, TypeError) as error:
            raise FactsError(f"line {number} of the helpers is not a record") from error
        yield str(kind), record


def _close(functions: list[HelperFunction], cases: list[HelperCase]) -> None:
    """Add its cases to the last function."""
    if not cases:
        return
    if not functions:
        raise FactsError("the helpers have a case before any function")
    functions[-1] = replace(functions[-1], cases=tuple(cases))
    cases.clear()
