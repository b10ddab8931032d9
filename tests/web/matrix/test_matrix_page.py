"""The matrix for readers without scripts, and the data for the others."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from django.test import Client

from kfmap.catalogue.bundled_kernels import BundledKernel
from kfmap.catalogue.store import LoadedKernel, load_kernel, save_kernel
from kfmap.permission.outcome_bits import OutcomeColumn
from kfmap.permission.outcome_words import LETTERS, TITLES
from kfmap.web.matrix.matrix_data import render_data
from kfmap.web.shared.cells import load_cells
from tests.bundled import different_kernels
from tests.permission.small_kernel import create_toy_kernel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]
MATRIX = "/kernels/8.1/matrix/"


def read_plain(client: Client, query: str) -> str:
    """Return the part for readers without scripts."""
    text = client.get(f"{MATRIX}?{query}").content.decode()
    return text[text.index("<noscript>") : text.index("</noscript>")]


def test_plain_table_marks_what_only_sleepable_programs_may_call(client: Client) -> None:
    plain = read_plain(client, "group=lsm&rows=bpf_trace_it")
    assert plain.count("cell-only_if_sleepable") == 1  # file_open
    assert plain.count("cell-will_not_load") >= 2
    asleep = read_plain(client, "group=lsm&rows=bpf_trace_it&sleep=1")
    assert asleep.count("cell-allowed") == 1
    assert "lsm.s%3Afile_open" in asleep


def test_the_legend_has_every_kind_of_cell(client: Client) -> None:
    page = client.get(MATRIX).content.decode()
    legend = page[page.index("matrix-keys") : page.index("<noscript>")]
    for word in LETTERS.values():
        assert f"</i> {TITLES[word]}</span>" in legend


def test_plain_table_shows_only_what_is_allowed(client: Client) -> None:
    plain = read_plain(client, "group=program+types&only=1")
    assert "bpf_common" in plain
    assert "toy_move" not in plain
    nothing = read_plain(client, "group=toy_ops&rows=bpf_trace_it&only=1")
    assert "Nothing to show" in nothing


@pytest.mark.parametrize("query", ["rows=zzz", "rows=zzz&only=1", "rows=%3Cscript%3E"])
def test_query_without_hits_has_an_empty_state(client: Client, query: str) -> None:
    assert "Nothing to show" in read_plain(client, query)


def test_kernel_without_kfuncs_has_an_empty_state(client: Client) -> None:
    bare = create_toy_kernel(kfuncs=())
    save_kernel(replace(bare, name="9.0", sets=(), registrations=()), None)
    text = client.get("/kernels/9.0/matrix/").content.decode()
    assert "This kernel has no kfuncs." in text
    assert 'id="matrix"' not in text


def test_data_names_the_sleepable_form_of_contexts_that_have_one(client: Client) -> None:
    body = json.loads(client.get(f"{MATRIX}data.json").content)
    forms = {item["name"]: item.get("sleepable") for item in body["contexts"]}
    assert forms["lsm:file_open"] == "lsm.s:file_open"
    assert forms["struct_ops:toy_ops.init"] == "struct_ops.s:toy_ops.init"
    assert forms["kprobe"] == "uprobe.s"
    assert forms["xdp"] is None
    assert forms["kprobe:multi"] is None
    assert forms["syscall"] is None


def _load(bundled: BundledKernel) -> LoadedKernel:
    save_kernel(bundled.read_facts(), None)
    return load_kernel(bundled.name)


@pytest.mark.parametrize("bundled", different_kernels(), ids=lambda item: item.name)
def test_the_switch_for_sleepable_programs_is_what_the_server_says(bundled: BundledKernel) -> None:
    """In the browser a sleepable program may call what is allowed and what asks to sleep."""
    kernel = _load(bundled)
    cells = load_cells(kernel)
    for column, asleep in zip(cells.outcomes, cells.asleep, strict=True):
        if asleep:
            may = column.allowed | column.only_if_sleepable
            assert asleep[1] == replace(column, allowed=may, only_if_sleepable=0)
    switched = any(isinstance(item and item[1], OutcomeColumn) for item in cells.asleep)
    assert switched != kernel.facts.is_observed  # without rules nobody knows what may sleep
    assert len(gzip.compress(render_data(kernel))) < 60_000
