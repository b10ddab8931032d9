"""`lint_kernel` and `compare_mechanisms` on the toy kernel in the map."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.store import save_kernel
from kfmap.permission.mechanisms.table_json import plain_table
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.capability_map import find_capabilities
from kfmap.permission.what_if.edits import ChangeMemberBits, UseCapabilities
from tests.permission.small_kernel import create_asked_kernel, create_kernel, create_toy_kernel

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


@pytest.mark.parametrize("command", ["lint_kernel", "compare_mechanisms"])
def test_rules_that_are_not_known_are_not_judged(command: str) -> None:
    save_kernel(replace(create_asked_kernel(), name="asked"), None)
    with pytest.raises(CommandError, match="The rules of asked are not known") as caught:
        run(command, "asked")
    assert caught.value.returncode == 2


def test_compare_mechanisms_prints_a_row_each() -> None:
    body = json.loads(run("compare_mechanisms", "toy", "toy_ops", "--format=json"))
    wrong = {row["mechanism"]: row["over_permits"] for row in body["mechanisms"]}
    assert wrong["program_type"] == 7
    assert wrong["context_filter"] == 0
    assert "Program type only" in run("compare_mechanisms", "toy")


def test_compare_mechanisms_takes_masks_chosen_by_hand(tmp_path: Path) -> None:
    chosen = {
        "reading": "all",
        "kfuncs": {"toy_insert": 1, "toy_move": 2},
        "contexts": {"struct_ops:toy_ops.enqueue": 1, "struct_ops:toy_ops.dispatch": 3},
    }
    path = tmp_path / "masks.json"
    path.write_text(json.dumps(chosen))
    text = run("compare_mechanisms", "toy", "toy_ops", "--format=json", f"--capabilities={path}")
    by_hand = json.loads(text)["mechanisms"][-1]
    assert by_hand["capabilities"]["method"] == "chosen by hand"
    # What is not named needs nothing, and is still refused where no set of the hook lists it.
    assert (by_hand["over_permits"], by_hand["over_refuses"]) == (0, 0)


def test_compare_mechanisms_takes_what_a_what_if_exports(tmp_path: Path) -> None:
    closed = ChangeMemberBits("toy_ops", "dispatch", ())
    edited = apply_edits(create_toy_kernel(), [UseCapabilities("toy_ops", "all"), closed], "x")
    table = find_capabilities(edited)
    assert table is not None
    path = tmp_path / "what-if.json"
    path.write_text(json.dumps({"version": 1, "capabilities": plain_table(table)}))
    text = run("compare_mechanisms", "toy", "toy_ops", "--format=json", f"--capabilities={path}")
    by_hand = json.loads(text)["mechanisms"][-1]
    # dispatch may no longer call toy_move, and toy_insert
    assert (by_hand["over_permits"], by_hand["over_refuses"]) == (0, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"reading": "some"}',
        '{"reading": "all", "kfuncs": {"a": -1}, "contexts": {}}',
        '{"reading": "all", "kfuncs": {}, "contexts": {"xpd": 1}}',
    ],
)
def test_compare_mechanisms_says_why_masks_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "masks.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=r"masks\.json"):
        run("compare_mechanisms", "toy", "toy_ops", f"--capabilities={path}")
    with pytest.raises(CommandError, match="No such file"):
        run("compare_mechanisms", "toy", "toy_ops", "--capabilities=/nowhere")


def test_compare_mechanisms_names_the_types_there_are() -> None:
    with pytest.raises(CommandError, match="it has other_ops, toy_ops"):
        run("compare_mechanisms", "toy", "no_ops")
