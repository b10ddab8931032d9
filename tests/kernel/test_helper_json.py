"""Facts about helpers as lines, and what is wrong with lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kfmap.kernel.facts_json import FactsError
from kfmap.kernel.helper_json import read_helpers, write_helpers
from tests.kernel.helper_tree import write_helpers_tree
from tests.kernel.small_kernel import extract


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    lines = extract(tmp_path, write_helpers_tree()).helpers
    helpers = read_helpers(lines)
    assert helpers is not None
    assert write_helpers(helpers) == lines
    assert {json.loads(line)[0] for line in lines} == {
        "helper",
        "table",
        "function",
        "case",
        "proto",
        "set",
    }


def test_no_lines_are_no_facts() -> None:
    assert read_helpers(()) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1 of the helpers is not a record"),
        ("3", "line 1 of the helpers is not a record"),
        ('["odd", {}]', "unknown kind 'odd'"),
        ('["helper", {"name": 3, "value": 4}]', r"line 1 of the helpers.name: expected str"),
        (
            '["case", {"helper": "a", "answer": {"is": "NoProto", "file": "f", "line": 1}}]',
            "a case",
        ),
    ],
)
def test_lines_that_do_not_fit_are_named(line: str, message: str) -> None:
    with pytest.raises(FactsError, match=message):
        read_helpers([line])
