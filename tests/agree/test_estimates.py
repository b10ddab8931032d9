"""How far an estimate by types alone can be trusted: the table of the handbook, measured again."""

from __future__ import annotations

import re

from kfmap.btf.read import read_btf
from kfmap.catalogue.bundled_kernels import BundledKernel, find_bundled
from kfmap.given.nearest import Types, estimate_facts, find_nearest
from kfmap.kernel.facts import KernelFacts
from kfmap.probe.agreement import compare_evidence
from kfmap.probe.evidence import read_evidence
from tests.docs.handbook_files import read as read_page

_ROW = r"^\| ([\d.]+) \| `(\S+)` \| (\d+) \| ([\d,]+) \| ([\d.]+) % \|"
_SERIES = re.compile(r"\d+\.\d+")


def test_the_handbook_says_how_good_an_estimate_is() -> None:
    """Each kernel is estimated from the plain ones of the other series, then held against its own
    booted self; 6.1 has no tags that say which functions are kfuncs."""
    plain = {item.name: item for item in find_bundled() if _SERIES.fullmatch(item.name)}
    facts = {name: item.read_facts() for name, item in plain.items()}
    told = {name: tuple(row) for name, *row in re.findall(_ROW, read_page("how-kfmap-knows"), re.M)}
    assert told == {
        name: _estimate(item, [other for key, other in facts.items() if key != name])
        for name, item in plain.items()
        if name != "6.1"
    }


def _estimate(bundled: BundledKernel, others: list[KernelFacts]) -> tuple[str, ...]:
    btf, evidence = bundled.read_types(), bundled.read_evidence()
    assert btf is not None
    assert evidence is not None
    types = Types(read_btf(btf))
    nearest = find_nearest(types, others)
    like = next(facts for facts in others if facts.name == nearest.kernel)
    estimate = estimate_facts(types, like, nearest, "", like.origin)
    found = compare_evidence(estimate, read_evidence(evidence))
    share = f"{100 * found.equal / found.compared:.1f}"
    return nearest.kernel, str(nearest.distance), f"{found.compared:,}", share
