"""A kernel's whole matrix, every context × every kfunc, as JSON or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.bits import ALLOWED_LETTER, LETTERS
from kfmap.permission.context_text import write_context
from kfmap.permission.context_words import render_context
from kfmap.permission.outcome_bits import OutcomeColumn, OutcomeColumns
from kfmap.permission.outcome_words import LETTERS as OUTCOME_LETTERS
from kfmap.permission.outcome_words import TITLES
from kfmap.safe_text.csv_rows import render_csv

FORMAT = 1


def render_matrix_json(kernel: LoadedKernel) -> str:
    """Return JSON: `verdicts` and `outcomes` have a text per context, in it a letter per kfunc.

    `verdicts` are the permission check alone, `outcomes` what becomes of the call; `letters` and
    `outcome_letters` say what the letters mean. `run_time` lists the cells where a call loads and
    then fails.
    """
    matrix = kernel.matrix
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
        "verdicts": [matrix.context_letters(column) for column in range(len(contexts))],
        "outcome_letters": OUTCOME_LETTERS,
        "outcomes": ["".join(map(column.letter, rows)) for column in _outcomes(kernel)],
        "run_time": list(find_run_time_failures(kernel)),
    }
    return json.dumps(body, indent=1) + "\n"


def render_matrix_csv(kernel: LoadedKernel) -> str:
    """Return CSV: a row per kfunc, a column per context, the outcome in words in each cell."""
    matrix = kernel.matrix
    columns = list(_outcomes(kernel))
    rows = (
        [kfunc, *(TITLES[column.word(row)] for column in columns)]
        for row, kfunc in enumerate(matrix.kfuncs)
    )
    return render_csv(["kfunc", *map(render_context, matrix.contexts)], rows)


def _outcomes(kernel: LoadedKernel) -> Iterator[OutcomeColumn]:
    columns = OutcomeColumns(kernel.decider)
    for at, context in enumerate(kernel.matrix.contexts):
        yield columns.column(context, *kernel.matrix.bits(at))


def find_run_time_failures(kernel: LoadedKernel) -> Iterator[dict[str, Any]]:
    """Return the cells that load and fail at run time."""
    layer = kernel.decider.run_time_layer
    rows = {name: row for row, name in enumerate(kernel.matrix.kfuncs)}
    for column, context in enumerate(kernel.matrix.contexts):
        for name in layer.find_failing(context):
            if name in rows and kernel.matrix.letter(column, rows[name]) == ALLOWED_LETTER:
                texts = [reason.text for reason in layer.decide(context, name)[1]]
                yield {"context": render_context(context), "kfunc": name, "reasons": texts}


RENDERERS: dict[str, Callable[[LoadedKernel], str]] = {
    "json": render_matrix_json,
    "csv": render_matrix_csv,
}
