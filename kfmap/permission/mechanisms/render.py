"""Comparisons of mechanisms as text and JSON, and capability tables as a patch would need them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kfmap.permission.bits import each_bit
from kfmap.permission.context_words import render_context
from kfmap.permission.mechanisms.compare import Cell, Comparison
from kfmap.permission.mechanisms.table import WORD, CapabilityTable
from kfmap.permission.mechanisms.table_json import plain_table

VERSION = 1


def render_comparison_text(rows: Sequence[Comparison]) -> str:
    """Return a table for people, the limits under it."""
    lines = [
        f"{'mechanism':42} {'permits':>8} {'refuses':>8} {'late':>6} {'noticed':>9} {'bits':>5}"
    ]
    for row in rows:
        bits = "-" if row.costs.bits is None else str(row.costs.bits)
        lines.append(
            f"{row.title:42} {row.over_permits:8} {row.over_refuses:8} {row.late:6}"
            f" {row.costs.noticed:>9} {bits:>5}"
        )
    for row in rows:
        lines += ["", row.title, *(f"  {limit}" for limit in row.costs.limits)]
        lines.append(f"  a subsystem in a module: {row.costs.in_module}")
        lines += [f"  lets pass: {_cell(cell)}" for cell in row.permit_examples[:3]]
        lines += [f"  refuses: {_cell(cell)}" for cell in row.refuse_examples[:3]]
    return "\n".join(lines) + "\n"


def render_comparison_json(kernel: str, scope: str, rows: Sequence[Comparison]) -> str:
    """Return the comparison for programs."""
    body = {
        "version": VERSION,
        "kernel": kernel,
        "scope": scope,
        "mechanisms": [plain_comparison(row) for row in rows],
    }
    return json.dumps(body, indent=1) + "\n"


def plain_comparison(row: Comparison) -> dict[str, object]:
    """Return one row in a form that JSON takes."""
    plain: dict[str, object] = {
        "mechanism": row.mechanism.id,
        "title": row.title,
        "cells": row.cells,
        "over_permits": row.over_permits,
        "over_refuses": row.over_refuses,
        "late": row.late,
        "noticed": row.costs.noticed,
        "bits": row.costs.bits,
        "checked_calls": row.costs.checked_calls,
        "declared": row.costs.declared,
        "in_module": row.costs.in_module,
        "limits": list(row.costs.limits),
        "permits": [_plain_cell(cell) for cell in row.permit_examples],
        "refuses": [_plain_cell(cell) for cell in row.refuse_examples],
    }
    if row.mechanism.table is not None:
        plain["capabilities"] = plain_table(row.mechanism.table)
    return plain


def render_capabilities_c(table: CapabilityTable, prefix: str = "KF_CAP") -> str:
    """Return the tables a patch would need: the bits, what each kfunc needs and each member holds.

    Kfuncs that need nothing and contexts that hold nothing are left out.
    """
    word = "u32" if table.bits <= WORD else "u64"
    one = "1U" if table.bits <= WORD else "1ULL"
    lines = [f"/* {table.bits} bits; a call needs {table.reading} of a kfunc's. */"]
    lines += [f"#define {prefix}_{bit} ({one} << {bit})" for bit in range(table.bits)]
    lines += ["", f"static const struct {{ const char *kfunc; {word} needs; }} kfunc_needs[] = {{"]
    for kfunc, mask in sorted(table.kfunc_masks.items()):
        if mask:
            lines.append(f'\t{{ "{kfunc}", {_bits(mask, prefix)} }},')
    lines.append("};")
    members: dict[str, list[str]] = {}
    others: list[str] = []
    for context, mask in table.context_masks.items():
        if mask and context.struct_ops:
            offset = f"offsetof(struct {context.struct_ops}, {context.member})"
            row = f"\t[{offset} / sizeof(void (*)(void))] = {_bits(mask, prefix)},"
            members.setdefault(context.struct_ops, []).append(row)
        elif mask:
            others.append(f'\t{{ "{render_context(context)}", {_bits(mask, prefix)} }},')
    for struct_ops, rows in members.items():
        lines += ["", f"static const {word} {struct_ops}_holds[] = {{", *rows, "};"]
    if others:
        head = f"static const struct {{ const char *context; {word} holds; }} context_holds[] = {{"
        lines += ["", head, *others, "};"]
    return "\n".join(lines) + "\n"


def _bits(mask: int, prefix: str) -> str:
    return " | ".join(f"{prefix}_{bit}" for bit in each_bit(mask))


def _cell(cell: Cell) -> str:
    return f"{render_context(cell.context)} → {cell.kfunc}"


def _plain_cell(cell: Cell) -> dict[str, str]:
    return {"context": render_context(cell.context), "kfunc": cell.kfunc}
