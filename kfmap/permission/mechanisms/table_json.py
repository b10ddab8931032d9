"""Capability tables as JSON and back: export what was synthesised, read what was chosen by hand."""

from __future__ import annotations

from collections.abc import Mapping

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_text import ContextError, parse_context
from kfmap.permission.context_words import render_context
from kfmap.permission.mechanisms.table import ALL, ANY, CapabilityTable, table_of_masks

MAX_BITS = 64


class TableError(ValueError):
    """The JSON is no capability table for this kernel: says which part."""


def plain_table(table: CapabilityTable) -> dict[str, object]:
    """Return a table in a form that JSON takes; masks are numbers, contexts short names."""
    return {
        "reading": table.reading,
        "bits": table.bits,
        "lower": table.lower,
        "greedy": table.greedy,
        "method": table.method,
        "row_classes": table.row_classes,
        "column_classes": table.column_classes,
        "kfuncs": dict(sorted(table.kfunc_masks.items())),
        "contexts": {render_context(c): mask for c, mask in table.context_masks.items()},
    }


def read_table(body: object, facts: KernelFacts) -> CapabilityTable:
    """Read a table, or what has one as `capabilities`: `reading`, `kfuncs`, `contexts` count.

    Kfuncs that are not named need no bit, contexts that are not named hold none. Raises TableError.
    """
    if isinstance(body, Mapping):
        body = body.get("capabilities", body)
    if not isinstance(body, Mapping) or body.get("reading") not in (ANY, ALL):
        raise TableError(f'a table has "reading": "{ALL}" or "{ANY}"')
    kfunc_masks = _read_masks(body, "kfuncs")
    context_masks = {}
    for name, mask in _read_masks(body, "contexts").items():
        try:
            context_masks[parse_context(name, facts)] = mask
        except ContextError as error:
            raise TableError(f"contexts: {error}") from error
    return table_of_masks(str(body["reading"]), kfunc_masks, context_masks)


def _read_masks(body: Mapping[object, object], key: str) -> dict[str, int]:
    rows = body.get(key)
    if not isinstance(rows, Mapping):
        raise TableError(f"{key} must map names to masks")
    masks: dict[str, int] = {}
    for name, mask in rows.items():
        if type(mask) is not int or not 0 <= mask < 1 << MAX_BITS:
            raise TableError(
                f"{key}: the mask of {name} must be a number of at most {MAX_BITS} bits"
            )
        masks[str(name)] = mask
    return masks
