"""Comparisons and capability tables as text, JSON and C."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kfmap.permission.contexts import build_contexts, build_member_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.capabilities import synthesise
from kfmap.permission.mechanisms.compare import compare_mechanisms
from kfmap.permission.mechanisms.render import (
    render_capabilities_c,
    render_comparison_json,
    render_comparison_text,
)
from kfmap.permission.mechanisms.table import ALL, ANY, table_of_masks
from tests.permission.small_kernel import create_toy_kernel

CLANG = shutil.which("clang") or shutil.which("clang-19") or ""
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
    assert all(f"#define KF_CAP_{bit} (1U << {bit})" in text for bit in range(table.bits))
    assert '{ "toy_move", KF_CAP_' in text
    assert "[offsetof(struct toy_ops, dispatch) / sizeof(void (*)(void))] = KF_CAP_" in text
    assert "bpf_xdp_it" not in text  # no callback may call it: it has no bit with this reading


def test_c_names_what_programs_without_struct_ops_hold() -> None:
    text = render_capabilities_c(synthesise(DECIDER, build_contexts(DECIDER.facts), ANY))
    assert '{ "xdp", KF_CAP_' in text


def test_c_takes_a_wider_word_for_more_than_32_bits() -> None:
    text = render_capabilities_c(table_of_masks(ALL, {"bpf_it": 1 << 32}, {}))
    assert "#define KF_CAP_32 (1ULL << 32)" in text
    assert "u64 needs" in text


@pytest.mark.skipif(not CLANG, reason="needs clang: apt-get install clang")
@pytest.mark.parametrize("reading", [ALL, ANY])
def test_c_compiles(tmp_path: Path, reading: str) -> None:
    text = render_capabilities_c(synthesise(DECIDER, build_contexts(DECIDER.facts), reading))
    types = "".join(
        f"struct {ops.name} {{ {' '.join(f'void (*{m.name})(void);' for m in ops.members)} }};\n"
        for ops in DECIDER.facts.struct_ops
    )
    source = tmp_path / "table.c"
    source.write_text(f"#include <stddef.h>\ntypedef unsigned int u32;\n{types}{text}")
    subprocess.run([CLANG, "-fsyntax-only", "-Werror", str(source)], check=True)
