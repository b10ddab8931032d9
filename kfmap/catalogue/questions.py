"""Can this context call this kfunc on this kernel: the question of commands, API and pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.context_text import ContextError, parse_context, read_context
from kfmap.permission.verdict import Reason, Verdict


class QueryError(ValueError):
    """The query cannot be read; the message says which part and what is expected."""


class AskedKernel(Protocol):
    """A kernel, wherever its facts come from."""

    @property
    def facts(self) -> KernelFacts:
        """Return the facts, which say what contexts there are."""


def parse_query(text: str, kernel: AskedKernel) -> tuple[Context, str]:
    """Read one JSON query: {"context": an object or a short name, "kfunc": a name}."""
    try:
        query = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"not JSON: {error}") from error
    if not isinstance(query, Mapping) or not isinstance(query.get("kfunc"), str):
        raise QueryError('a query is an object: {"context": ..., "kfunc": "name"}')
    return find_context(query.get("context"), kernel), query["kfunc"]


def find_context(given: object, kernel: AskedKernel) -> Context:
    """Read a context from its short name or its JSON form. Raises QueryError."""
    try:
        if isinstance(given, str):
            return parse_context(given, kernel.facts)
        return read_context(given)
    except ContextError as error:
        raise QueryError(str(error)) from error


def plain_answer(verdict: Verdict) -> dict[str, Any]:
    """Return the JSON form of an answer; `layers` are the kernel's checks beside permission."""
    return {
        "verdict": verdict.verdict,
        "run_time": verdict.run_time,
        "reasons": [_plain_reason(reason) for reason in verdict.reasons],
        "layers": [
            {"kind": layer.kind, "blocks": layer.blocks, **_plain_reason(layer.reason)}
            for layer in verdict.layers
        ],
    }


def _plain_reason(reason: Reason) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "text": reason.text,
        "file": reason.file,
        "line": reason.line,
    }
