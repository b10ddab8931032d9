"""`lint_kernel` and `compare_mechanisms` on the toy kernel in the map."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_kernel, create_toy_kernel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy() -> None:
    """Put the toy kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def run(*args: str) -> str:
    """Run a command and give what it printed."""
    out = io.StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_lint_kernel_prints_findings() -> None:
    assert "multi_set: toy_both" in run("lint_kernel", "toy")
    body = json.loads(run("lint_kernel", "toy", "--format=json"))
    assert body["kernel"] == "toy"
    assert {"multi_set", "naive_view"} <= {item["kind"] for item in body["findings"]}


def test_lint_kernel_names_what_the_configuration_hides() -> None:
    save_kernel(replace(create_kernel(), name="bare"), None)
    assert run("lint_kernel", "bare") == "Nothing found.\n"
    save_kernel(replace(create_toy_kernel(), name="bare-all"), None)
    assert "hidden_by_option: toy_now" in run("lint_kernel", "bare")


def test_compare_mechanisms_prints_a_row_each() -> None:
    body = json.loads(run("compare_mechanisms", "toy", "toy_ops", "--format=json"))
    wrong = {row["mechanism"]: row["over_permits"] for row in body["mechanisms"]}
    assert wrong["program_type"] == 7
    assert wrong["context_filter"] == 0
    assert "Program type only" in run("compare_mechanisms", "toy")


def test_compare_mechanisms_names_the_types_there_are() -> None:
    with pytest.raises(CommandError, match="it has other_ops, toy_ops"):
        run("compare_mechanisms", "toy", "no_ops")
