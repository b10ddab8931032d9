"""The commands other programs rely on: their forms, their sentences, their exit codes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.store import load_kernel, save_kernel
from kfmap.permission.outcome_words import TITLES
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy() -> None:
    """Put the toy kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def run(command: str, *args: str, **options: Any) -> str:
    """Run a command and give what it printed."""
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_export_matrix_json_has_every_cell() -> None:
    body = json.loads(run("export_matrix", "toy"))
    assert body["version"] == 1
    assert len(body["verdicts"]) == len(body["contexts"])
    assert {len(letters) for letters in body["verdicts"]} == {len(body["kfuncs"])}
    kernel = load_kernel("toy")
    column = [context["name"] for context in body["contexts"]].index("xdp")
    verdict = kernel.decider.decide(kernel.matrix.contexts[column], "bpf_xdp_it").verdict
    letter = body["verdicts"][column][body["kfuncs"].index("bpf_xdp_it")]
    assert body["letters"][letter] == verdict == "allowed"


def test_helpers_of_which_nothing_is_known_are_not_exported() -> None:
    with pytest.raises(CommandError, match="Of toy, kfmap knows kfuncs only, and no helpers"):
        run("export_matrix", "toy", "--kind=helper")


def test_export_matrix_csv_agrees_with_json() -> None:
    body = json.loads(run("export_matrix", "toy", "--format=json"))
    head, *rows = csv.reader(io.StringIO(run("export_matrix", "toy", "--format=csv")))
    assert head[1:] == [context["name"] for context in body["contexts"]]
    assert [row[0] for row in rows] == body["kfuncs"]
    for index, row in enumerate(rows):
        words = [body["outcome_letters"][letters[index]] for letters in body["outcomes"]]
        assert row[1:] == [TITLES[word] for word in words]
