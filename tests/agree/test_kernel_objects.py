"""The handbook's table of the kernel's own programs is that of the last recorded run.

`python -m tests.kernel_objects 7.3 --boot --record tests/agree/kernel_objects.json` makes it: the
objects are compiled from the kernel's source, which is not kept here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from kfmap.decoder.kinds import Kind
from tests.docs.handbook_files import read as read_page
from verifier.opinions.opinion import Word

RECORDED = json.loads((Path(__file__).parent / "kernel_objects.json").read_bytes())
_VERDICTS = ("passes", "refused", "unknown")


def test_the_handbook_has_the_confusion_table() -> None:
    row = r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$"
    told = {said: counts for said, *counts in re.findall(row, read_page("how-kfmap-knows"), re.M)}
    assert told == {
        said: [f"{counts.get(verdict, 0):,}" for verdict in _VERDICTS]
        for said, counts in RECORDED["classes"].items()
    }


def test_the_handbook_counts_what_was_asked_and_what_contradicts() -> None:
    text = " ".join(read_page("how-kfmap-knows").split())
    programs, refused = RECORDED["programs"], RECORDED["classes"]["loads"].get("refused", 0)
    assert f"{RECORDED['objects']:,} objects with {programs:,} programs" in text
    assert f"{RECORDED['not_asked']:,} were not asked about" in text
    assert f"{len(RECORDED['differ'])} contradict" in text
    assert refused == 0, "a program that kfmap refuses was loaded"


def test_every_program_is_in_one_class() -> None:
    total: Counter[str] = Counter()
    for counts in RECORDED["classes"].values():
        total.update(counts)
    assert total.total() + RECORDED["not_asked"] == RECORDED["programs"]
    assert set(total) <= set(_VERDICTS)
    assert set(RECORDED["classes"]) <= {*map(str, Kind), Word.LOADS, Word.REFUSED}
