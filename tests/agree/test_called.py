"""What booted kernels did with calls while a scheduler ran, beside the masks of the map."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kfmap.catalogue.agreement import load_agreements
from kfmap.catalogue.bundled_files import Part
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.probe.run_time_evidence import (
    RunTimeCell,
    RunTimeWord,
    compare_run_time,
    read_run_time,
)
from tests.docs.handbook_files import read as read_page

ASKED = {item.name: item for item in find_bundled() if item.calls}
_ROW = r"^\| `(\S+)` \| ([\d,]+) calls \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|"


def _compare(name: str) -> list[RunTimeCell]:
    document = ASKED[name].read_calls()
    assert document is not None
    return compare_run_time(ASKED[name].read_facts(), read_run_time(document))


@pytest.mark.parametrize("name", ASKED)
def test_every_call_ended_as_the_masks_say(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    cells = _compare(name)
    assert [cell for cell in cells if cell.differs] == []
    said = load_agreements()[name]
    undriven = {cell.answer.op for cell in cells if cell.answer.word == RunTimeWord.UNDRIVEN}
    assert undriven <= {"exit"}
    assert said.calls_equal == said.calls == len(cells) - said.calls_undriven
    record_property(
        "agreement", f"{name}: {said.calls_equal} of {said.calls} calls end as the masks say"
    )


def test_the_handbook_has_the_calls_of_every_kernel() -> None:
    told = {name: counts for name, *counts in re.findall(_ROW, read_page("how-kfmap-knows"), re.M)}
    expected = {}
    for name in ASKED:
        words = [cell.answer.word for cell in _compare(name)]
        said = load_agreements()[name]
        counts = (said.calls, said.calls_equal, words.count(RunTimeWord.STOPS), said.calls_undriven)
        expected[name] = [f"{count:,}" for count in counts]
    assert told == expected


def test_every_built_kernel_with_masks_was_asked() -> None:
    built = [item for item in find_bundled() if item.has(Part.TYPES) and item.read_facts().run_time]
    assert [item.name for item in built] == [*ASKED]
