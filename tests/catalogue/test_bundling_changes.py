"""What a rebuilt kernel changes is told before it is written."""

from __future__ import annotations

from dataclasses import replace

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.bundling.changes import describe_changes

FACTS = next(item.read_facts() for item in find_bundled() if item.name == "6.12")


def test_a_registration_that_is_gone_is_told_by_its_cells() -> None:
    lost = replace(FACTS, registrations=FACTS.registrations[:-3])
    told = describe_changes(FACTS, lost)
    assert "What changed from the bundle to what was built now" in told
    assert "From “allowed” to “refused”: 10." in told
    assert "| allowed | refused | 4 | bpf\\_xdp\\_get\\_xfrm\\_state" in told


def test_kfuncs_that_come_and_go_are_named() -> None:
    newer = next(item.read_facts() for item in find_bundled() if item.name == "6.17")
    told = describe_changes(FACTS, newer)
    assert "| added | kfunc | scx\\_bpf\\_dsq\\_insert" in told


def test_the_same_facts_change_nothing() -> None:
    assert describe_changes(FACTS, FACTS) == ""


def test_other_lines_change_no_cell() -> None:
    moved = replace(FACTS, version="6.12.108")
    assert "Cells that both have: 0 changed." in describe_changes(FACTS, moved)
