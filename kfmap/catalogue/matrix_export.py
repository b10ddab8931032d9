"""A kernel's whole matrix, every context × every kfunc, as JSON or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from kfmap.catalogue.matrix_rows import RowKind, build_rows
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.bits import ALLOWED_LETTER, LETTERS
from kfmap.permission.context_text import write_context
from kfmap.permission.context_words import render_context
from kfmap.permission.outcome_words import KFUNC, TITLES
from kfmap.permission.outcome_words import LETTERS as OUTCOME_LETTERS
from kfmap.safe_text.csv_rows import render_csv

FORMAT = 1


def render_matrix_json(kernel: LoadedKernel, kind: RowKind = RowKind.KFUNC) -> str:
    """Return JSON: `verdicts` and `outcomes` have a text per context, in it a letter per kfunc.

    `verdicts` are the permission check alone, `outcomes` what becomes of the call; `letters` and
    `outcome_letters` say what the letters mean. `run_time` lists the cells where a call loads and
    then fails. `kfuncs` are the functions, `kinds` what each of them is.
    """
    found = build_rows(kernel, kind)
    matrix = found.matrix
    contexts = [
        {"name": render_context(context), **write_context(context)} for context in matrix.contexts
    ]
    rows = range(len(matrix.kfuncs))
    body = {
        "version": FORMAT,
        "kernel": {
            "name": kernel.name,
            "version": kernel.facts.version,
            "label": kernel.facts.origin.label,
            "profile": kernel.facts.origin.profile,
            "facts_sha256": kernel.facts_hash,
        },
        "letters": LETTERS,
        "contexts": contexts,
        "kfuncs": matrix.kfuncs,
        "kinds": found.kinds,
        "verdicts": [matrix.context_letters(column) for column in range(len(contexts))],
        "outcome_letters": OUTCOME_LETTERS,
        "outcomes": ["".join(map(column.letter, rows)) for column in found.outcomes],
        "run_time": list(find_run_time_failures(kernel)) if KFUNC in found.kinds else [],
    }
    return json.dumps(body, indent=1) + "\n"


def render_matrix_csv(kernel: LoadedKernel, kind: RowKind = RowKind.KFUNC) -> str:
    """Return CSV: a row per function, a column per context, the outcome in words in each cell.

    Where helpers are among the functions, the second column says which kind each is of.
    """
    found = build_rows(kernel, kind)
    tell = [] if kind is RowKind.KFUNC else ["kind"]
    rows = (
        [
            name,
            *(found.kinds[row : row + 1] if tell else ()),
            *(TITLES[column.word(row)] for column in found.outcomes),
        ]
        for row, name in enumerate(found.matrix.kfuncs)
    )
    return render_csv(["kfunc", *tell, *map(render_context, found.matrix.contexts)], rows)


def find_run_time_failures(kernel: LoadedKernel) -> Iterator[dict[str, Any]]:
    """Return the cells that load and fail at run time."""
    layer = kernel.decider.run_time_layer
    rows = {name: row for row, name in enumerate(kernel.matrix.kfuncs)}
    for column, context in enumerate(kernel.matrix.contexts):
        for name in layer.find_failing(context):
            if name in rows and kernel.matrix.letter(column, rows[name]) == ALLOWED_LETTER:
                texts = [reason.text for reason in layer.decide(context, name)[1]]
                yield {"context": render_context(context), "kfunc": name, "reasons": texts}


RENDERERS: dict[str, Callable[[LoadedKernel, RowKind], str]] = {
    "json": render_matrix_json,
    "csv": render_matrix_csv,
}
