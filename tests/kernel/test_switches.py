"""The arms of a switch."""

from __future__ import annotations

from pathlib import Path

from kfmap.kernel.switches import read_arms
from kfmap.kernel.syntax import parse_function, text_of, walk
from tests.kernel.small_kernel import SET_C, read_code


def _arms(root: Path, body: str) -> list[tuple[list[str], list[str], bool]]:
    code = read_code(root, {SET_C: f"int f(int a)\n{{\n    switch (a) {{\n{body}\n    }}\n}}\n"})
    function = parse_function(code.items(SET_C)[0])
    switch = next(node for node in walk(function.body) if node.type == "switch_statement")
    return [
        (
            ["default" if node is None else text_of(node) for node in arm.labels],
            [text_of(node) for node in arm.statements],
            arm.is_plain,
        )
        for arm in read_arms(switch)
    ]


def test_labels_without_statements_go_with_the_next(tmp_path: Path) -> None:
    assert _arms(tmp_path, "case A: case B: return 1; default: return 2;") == [
        (["A", "B"], ["return 1;"], True),
        (["default"], ["return 2;"], True),
    ]


def test_arms_fall_through_up_to_a_break(tmp_path: Path) -> None:
    assert _arms(tmp_path, "case A: f(); case B: g(); break; case C: h();") == [
        (["A"], ["f();", "g();"], True),
        (["B"], ["g();"], True),
        (["C"], ["h();"], True),
    ]


def test_a_break_in_braces_ends_an_arm(tmp_path: Path) -> None:
    assert _arms(tmp_path, "case A: { f(); break; } case B: g();")[0] == (["A"], ["f();"], True)


def test_a_break_in_a_branch_is_told(tmp_path: Path) -> None:
    arms = _arms(tmp_path, "case A: if (x) break; return 1; case B: for (;;) break; return 2;")
    assert [(labels, is_plain) for labels, _, is_plain in arms] == [(["A"], False), (["B"], True)]


def test_a_switch_without_arms_has_none(tmp_path: Path) -> None:
    assert _arms(tmp_path, "") == []
