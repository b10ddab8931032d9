"""Deciding the cells of the newest bundled kernel: all at once, and one question at a time.

Without a bundled kernel, a made-up one of the size of 7.3 stands in. The reference of the first
figure is reading the same facts from JSON; that of the second the share of a cell in the first.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import parse_facts, render_facts
from kfmap.permission.decide import Decider
from kfmap.permission.matrix import build_matrix
from tests.benchmarks.figure import Figure, best_seconds
from tests.permission.small_kernel import (
    create_registration,
    create_set,
    create_struct_ops,
    create_toy_kernel,
)

BUNDLED = Path(__file__).parents[2] / "kfmap" / "catalogue" / "bundled"
MATRIX_LIMIT = 0.1
CELL_LIMIT = 0.001


def run() -> list[Figure]:
    name, facts = _pick_kernel()
    text = render_facts(facts)
    matrix = build_matrix(facts)
    cells = len(matrix.contexts) * len(matrix.kfuncs)
    decider = Decider(facts)
    some = [(c, k) for c in matrix.contexts[::9] for k in matrix.kfuncs[::9]]
    whole = best_seconds(lambda: build_matrix(facts))
    one = best_seconds(lambda: [decider.decide(*cell) for cell in some]) / len(some)
    reading = best_seconds(lambda: parse_facts(text), 2)
    return [
        Figure(f"decide all {cells} cells of {name}", whole, "s", "read its facts", reading),
        Figure(f"decide all {cells} cells of {name}", whole, "s", "aim", MATRIX_LIMIT, 1.0),
        Figure("decide one cell with reasons", one, "s", "aim", CELL_LIMIT, 1.0),
        Figure("decide one cell with reasons", one, "s", "its share of all", whole / cells),
    ]


def _pick_kernel() -> tuple[str, KernelFacts]:
    found = sorted(BUNDLED.glob("[0-9].[0-9].json"))
    if found:
        return found[-1].stem, parse_facts(found[-1].read_text())
    return "a made-up kernel", _made_up()


def _made_up(sets: int = 40, kfuncs: int = 8, types: int = 7) -> KernelFacts:
    """Give the toy kernel grown to the size of 7.3: 40 sets, some 320 kfuncs, 7 ops structures."""
    hooks = ("STRUCT_OPS", "TRACING", "SYSCALL", "XDP", "UNSPEC")
    more = tuple(
        create_set(f"ids_{number}", *(f"bpf_{number}_{n}" for n in range(kfuncs)))
        for number in range(sets)
    )
    registrations = tuple(
        create_registration(hooks[number % len(hooks)], f"ids_{number}") for number in range(sets)
    )
    toy = create_toy_kernel()
    ops = tuple(
        create_struct_ops(f"ops_{number}", tuple(f"member_{n}" for n in range(16)))
        for number in range(types)
    )
    return replace(
        toy,
        sets=(*toy.sets, *more),
        registrations=(*toy.registrations, *registrations),
        struct_ops=(*toy.struct_ops, *ops),
    )
