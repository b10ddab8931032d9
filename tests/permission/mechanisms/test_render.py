"""Comparisons and capability tables as text, JSON and C."""

import json

from kfmap.permission.contexts import build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.capabilities import synthesise
from kfmap.permission.mechanisms.compare import compare_mechanisms
from kfmap.permission.mechanisms.render import (
    render_capabilities_c,
    render_comparison_json,
    render_comparison_text,
)
from kfmap.permission.mechanisms.table import ALL, ANY
from tests.permission.small_kernel import create_toy_kernel

DECIDER = Decider(create_toy_kernel())
CONTEXTS = build_member_contexts(DECIDER.facts, "toy_ops")


def test_text_has_a_row_and_the_limits_of_each() -> None:
    rows = compare_mechanisms(DECIDER, CONTEXTS)
    text = render_comparison_text(rows)
    for row in rows:
        assert text.count(row.title) == 2
        assert all(limit in text for limit in row.costs.limits)


def test_json_holds_masks_that_reproduce_the_cells() -> None:
    body = json.loads(
        render_comparison_json("toy", "toy_ops", compare_mechanisms(DECIDER, CONTEXTS))
    )
    assert (body["version"], body["scope"]) == (1, "toy_ops")
    table = next(m["capabilities"] for m in body["mechanisms"] if "capabilities" in m)
    assert table["reading"] == ALL
    held = table["contexts"]["struct_ops:toy_ops.dispatch"]
    assert table["kfuncs"]["toy_move"] & ~held == 0
    running = table["contexts"]["struct_ops:toy_ops.running"]
    assert table["kfuncs"]["toy_move"] & ~running != 0


def test_c_names_every_bit_and_leaves_out_empty_masks() -> None:
    table = synthesise(DECIDER, CONTEXTS, ANY)
    text = render_capabilities_c(table)
    assert all(f"KF_CAP_{bit} = 1U << {bit}," in text for bit in range(table.bits))
    assert "{ toy_move, KF_CAP_" in text
    assert "bpf_xdp_it" not in text  # no callback may call it: it has no bit with this reading
