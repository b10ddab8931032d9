"""Deciding the cells of the newest bundled kernel: all at once, and one question at a time.

The reference of the first figure is reading the same facts from JSON; that of the second the share
of a cell in the first.
"""

from __future__ import annotations

from kfmap.kernel.facts_json import parse_facts, render_facts
from kfmap.permission.decide import Decider
from kfmap.permission.matrix import build_matrix
from tests.benchmarks.bundled import read_newest
from tests.benchmarks.figure import Figure, best_seconds

MATRIX_LIMIT = 0.1
CELL_LIMIT = 0.001


def run() -> list[Figure]:
    facts = read_newest()
    text = render_facts(facts)
    matrix = build_matrix(facts)
    cells = len(matrix.contexts) * len(matrix.kfuncs)
    decider = Decider(facts)
    some = [(c, k) for c in matrix.contexts[::9] for k in matrix.kfuncs[::9]]
    whole = best_seconds(lambda: build_matrix(facts))
    one = best_seconds(lambda: [decider.decide(*cell) for cell in some]) / len(some)
    reading = best_seconds(lambda: parse_facts(text), 2)
    return [
        Figure(f"decide all {cells} cells of {facts.name}", whole, "s", "read its facts", reading),
        Figure(f"decide all {cells} cells of {facts.name}", whole, "s", "aim", MATRIX_LIMIT, 1.0),
        Figure("decide one cell with reasons", one, "s", "aim", CELL_LIMIT, 1.0),
        Figure("decide one cell with reasons", one, "s", "its share of all", whole / cells),
    ]
