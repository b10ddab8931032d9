"""The programs of tests/objects, as the booted kernels load or refuse them (opinions.json).

The file holds what `kfmap ask-kernel tests/objects/*.o` said of each program on each kernel:
"loads", or "refused: " and the line that says why. What is refused for something that kfmap does
not judge contradicts nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kfmap.catalogue.agreement import load_agreements
from kfmap.kernel.helper_json import read_helpers
from tests.docs.handbook_files import read as read_page
from tests.verifier.bundled import bundled_kernel, check_on
from verifier.opinions.agreement import Agreement, compare
from verifier.opinions.opinion import KernelOpinion, ProgramOpinion, Word
from verifier.opinions.reason import find_reason

RECORDED = json.loads((Path(__file__).parent / "opinions.json").read_bytes())
_REFUSED = "refused: "


def _opinion(program: str, said: str) -> ProgramOpinion:
    if not said.startswith(_REFUSED):
        return ProgramOpinion(program, Word(said))
    log = said.removeprefix(_REFUSED)
    return ProgramOpinion(program, Word.REFUSED, find_reason(log), log=log)


def _compare(kernel: str) -> list[tuple[str, Agreement]]:
    found = []

    def knows() -> bool:
        return bool(bundled_kernel(kernel).facts.return_ranges)

    for name, said in RECORDED[kernel]["objects"].items():
        verdicts = check_on(kernel, name).values()
        programs = tuple(_opinion(program, text) for program, text in said.items())
        opinion = KernelOpinion(kernel, RECORDED[kernel]["release"], "v1.5", programs)
        found += [(name, item.agreement) for item in compare(opinion, verdicts, knows)]
    return found


@pytest.mark.parametrize("kernel", RECORDED)
def test_no_kernel_contradicts_the_verdicts(
    kernel: str, record_property: Callable[[str, object], None]
) -> None:
    compared = _compare(kernel)
    words = [agreement for _, agreement in compared]
    record_property("agreement", f"{kernel} objects: {words.count(Agreement.AGREES)} agree")
    assert len(compared) == sum(map(len, RECORDED[kernel]["objects"].values()))
    assert [name for name, item in compared if item == Agreement.DIFFERS] == []
    if bundled_kernel(kernel).facts.kfuncs:  # one without rules knows of refusals alone
        assert words.count(Agreement.AGREES) > len(words) * 0.6


def test_the_handbook_has_the_cells_of_every_kernel() -> None:
    row = r"^\| `(\S+)` \| ([\d,]+) cells \| ([\d,]+) \| ([\d,]+) \|"
    told = {name: counts for name, *counts in re.findall(row, read_page("how-kfmap-knows"), re.M)}
    assert told == {
        name: [f"{item.compared:,}", f"{item.equal:,}", f"{item.undetermined:,}"]
        for name, item in load_agreements().items()
    }


def test_the_handbook_counts_what_was_asked() -> None:
    row = r"^\| `(\S+)` \| (\d+) programs \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|"
    told = {name: counts for name, *counts in re.findall(row, read_page("how-kfmap-knows"), re.M)}
    assert told == {kernel: [str(count) for count in _count(kernel)] for kernel in RECORDED}


def _count(kernel: str) -> list[int]:
    words = [agreement for _, agreement in _compare(kernel)]
    kinds = (Agreement.AGREES, Agreement.NOT_JUDGED, Agreement.UNKNOWN, Agreement.DIFFERS)
    return [len(words), *(words.count(kind) for kind in kinds)]


def test_the_handbook_names_the_kernels_of_which_less_is_known() -> None:
    without = []
    for kernel in RECORDED:
        facts = bundled_kernel(kernel).facts
        helpers = read_helpers(facts.helpers)
        if facts.registrations and not (facts.return_ranges and helpers and helpers.maps):
            without.append(kernel)
    named = re.search(r"^Of (.*), whose source", read_page("what-is-judged"), re.M)
    assert named is not None
    assert re.findall(r"`(.*?)`", named[1]) == without
