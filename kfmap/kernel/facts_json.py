"""Kernel facts as sorted, reviewable JSON and back; the hash of that text names the facts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from kfmap.kernel.facts import KernelFacts, Kfunc, Origin, Place
from kfmap.kernel.facts_builders import UNION_KINDS, MisfitError, find_builder
from kfmap.quick_dataclass import field_names, is_record

FORMAT = 2
_READABLE = (1, 2)  # 1 lacks what program_facts.py describes: that part is then not known
_LINE = 160
# Left out where empty, so that facts which have nothing of the kind keep their text and their hash.
_LATER = frozenset({"unread", "lacks", "return_ranges"})


class FactsError(ValueError):
    """The text is not kernel facts of this format: says where."""


def render_facts(facts: KernelFacts) -> str:
    """Return the facts as JSON text, keys sorted, a line for each record that fits one."""
    body = {"format": FORMAT, "facts": plain_value(facts)}
    return "".join(_lay_out(body, 0)) + "\n"


def hash_facts(facts: KernelFacts) -> str:
    """Return the SHA-256 (hex) of the facts, independent of layout."""
    return render_to_keep(facts)[1]


def render_to_keep(facts: KernelFacts) -> tuple[str, str]:
    """Return the facts as JSON text without any layout, and their hash."""
    text = json.dumps(plain_value(facts), sort_keys=True, separators=(",", ":"))
    return f'{{"facts":{text},"format":{FORMAT}}}', hashlib.sha256(text.encode()).hexdigest()


def parse_facts(text: str | bytes) -> KernelFacts:
    """Read what `render_facts` wrote. Raises FactsError naming the part that does not fit."""
    facts = build_record(KernelFacts, _load(text), "facts")
    assert isinstance(facts, KernelFacts)
    return facts


class FactsOutline(NamedTuple):
    """What lists of kernels and of names need of facts; the rest is most of the work of reading."""

    version: str
    origin: Origin
    is_observed: bool
    kfuncs: tuple[Kfunc, ...]
    observed_kfuncs: tuple[str, ...]
    struct_ops: tuple[str, ...]


def read_outline(text: str | bytes) -> FactsOutline:
    """Return the outline alone, in a fifth of the time that `parse_facts` takes.

    Raises FactsError as it does.
    """
    facts = _load(text)
    version = build_record(str, facts.get("version"), "facts.version")
    origin = build_record(Origin, facts.get("origin"), "facts.origin")
    is_observed = bool(facts.get("observed")) and not facts.get("registrations")
    kfuncs = build_record(tuple[Kfunc, ...], facts.get("kfuncs"), "facts.kfuncs")
    observed = build_record(
        tuple[str, ...], facts.get("observed_kfuncs", []), "facts.observed_kfuncs"
    )
    struct_ops = tuple(str(ops["name"]) for ops in facts.get("struct_ops", ()))
    return FactsOutline(version, origin, is_observed, kfuncs, observed, struct_ops)


def outline_of(facts: KernelFacts) -> FactsOutline:
    """Return the outline of facts that are there."""
    return FactsOutline(
        facts.version,
        facts.origin,
        facts.is_observed,
        facts.kfuncs,
        facts.observed_kfuncs,
        tuple(ops.name for ops in facts.struct_ops),
    )


def _load(text: str | bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise FactsError(f"not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("format") not in _READABLE:
        raise FactsError(f"not kernel facts of format {FORMAT} or before")
    facts = body.get("facts")
    if not isinstance(facts, dict):
        raise FactsError("facts: expected an object")
    return facts


def build_record(kind: Any, value: Any, where: str) -> Any:
    """Return the record of a plain value, which is at `where`. Raises FactsError."""
    try:
        return find_builder(kind)(value)
    except MisfitError as error:
        raise FactsError(f"{where}{error.path}: {error.problem}") from error


def plain_value(value: Any) -> Any:
    """Return the plain value of a record: JSON can be made of it."""
    if isinstance(value, Place):
        return str(value)
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    if is_record(value):
        plain = {
            name: plain_value(found)
            for name in field_names(value)
            if (found := getattr(value, name)) != () or name not in _LATER
        }
        if type(value).__name__ in UNION_KINDS:
            plain["is"] = type(value).__name__
        return plain
    return value


def _lay_out(value: Any, depth: int) -> Iterator[str]:
    """Return the JSON of `value` in pieces: on one line where it fits, else one line per item."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) + depth <= _LINE:
        yield line
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    separator = opening
    for key in sorted(value) if isinstance(value, dict) else range(len(value)):
        label = f"{json.dumps(key)}: " if isinstance(value, dict) else ""
        yield f"{separator}\n{' ' * (depth + 1)}{label}"
        yield from _lay_out(value[key], depth + 1)
        separator = ","
    yield f"\n{' ' * depth}{closing}"
