"""A what-if as files: its edits with the cells that flip, and the tables a patch would need."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_text import write_context
from kfmap.permission.context_words import render_context
from kfmap.permission.mechanisms.render import render_capabilities_c
from kfmap.permission.mechanisms.table_json import plain_table
from kfmap.permission.what_if.capability_map import find_capabilities, is_capability_table
from kfmap.permission.what_if.edit_json import write_edits
from kfmap.permission.what_if.edits import Edit
from kfmap.permission.what_if.flips import Flip
from kfmap.permission.what_if.member_tables import find_table_type, render_table_c
from kfmap.safe_text.csv_rows import render_csv


def choose_renderers(
    kernel: str, edits: Sequence[Edit], flips: Sequence[Flip], after: KernelFacts
) -> Mapping[str, Callable[[], str]]:
    """Return the exports of a draft by format."""
    return {
        "json": lambda: _render_json(kernel, edits, flips, after),
        "csv": lambda: _render_csv(flips),
        "c": lambda: _render_c(after),
    }


def _render_json(
    kernel: str, edits: Sequence[Edit], flips: Sequence[Flip], after: KernelFacts
) -> str:
    body = {
        **write_edits(edits),
        "kernel": kernel,
        "flips": [
            {
                "context": write_context(flip.context),
                "kfunc": flip.kfunc,
                "before": flip.before,
                "after": flip.after,
            }
            for flip in flips
        ],
    }
    if capabilities := find_capabilities(after):
        body["capabilities"] = plain_table(capabilities)
    return json.dumps(body, indent=1) + "\n"


def _render_csv(flips: Sequence[Flip]) -> str:
    rows = ((render_context(flip.context), flip.kfunc, flip.before, flip.after) for flip in flips)
    return render_csv(("context", "kfunc", "before", "after"), rows)


def _render_c(after: KernelFacts) -> str:
    """Return every member table, and the capability bits with their own."""
    parts = [
        render_table_c(table, find_table_type(after, table))
        for table in after.tables
        if not is_capability_table(table)
    ]
    if capabilities := find_capabilities(after):
        parts.append(render_capabilities_c(capabilities))
    return "\n".join(parts)
