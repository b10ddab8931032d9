"""Every bundled kernel with an image decides each cell as that image did when it was booted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kfmap.catalogue.agreement import load_agreements
from kfmap.catalogue.bundled_files import Part
from kfmap.catalogue.bundled_kernels import BundledKernel, find_bundled
from kfmap.catalogue.bundling.probing import measure_agreement
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.observed import read_observed
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.probe.agreement import compare_evidence
from kfmap.probe.evidence import read_evidence

BUNDLED = {bundled.name: bundled for bundled in find_bundled()}
ASKED = [name for name, bundled in BUNDLED.items() if bundled.evidence]
WITH_RULES = [name for name in ASKED if not BUNDLED[name].read_facts().is_observed]


def test_every_kernel_that_somebody_built_was_asked() -> None:
    assert [name for name, bundled in BUNDLED.items() if bundled.has(Part.TYPES)] == ASKED


@pytest.mark.parametrize("name", ASKED)
def test_every_cell_is_decided_as_the_booted_kernel_did(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    facts, data = BUNDLED[name].read_facts(), BUNDLED[name].read_evidence()
    assert data is not None
    comparison = compare_evidence(facts, read_evidence(data))
    assert [str(item) for item in comparison.differences[:20]] == []
    said = load_agreements()[name]
    assert said == measure_agreement(facts, data, said.asked, BUNDLED[name].read_calls())
    record_property(
        "agreement",
        f"{name} ({said.release}): {said} cells agree, {said.undetermined:,} undetermined",
    )


@pytest.mark.parametrize("name", WITH_RULES)
def test_a_context_of_the_map_accepts_a_program_where_the_booted_kernel_does(name: str) -> None:
    """What the evidence says of a context as a whole: members that take no program."""
    bundled: BundledKernel = BUNDLED[name]
    data = bundled.read_evidence()
    assert data is not None
    decider = Decider(bundled.read_facts())
    ours = {context for context in build_contexts(decider.facts) if context.struct_ops}
    wrong = []
    for answers in read_evidence(data).answers:
        context = read_observed(answers.context)
        if context not in ours or "unsupported member" not in answers.message:
            continue
        if not decider.decide(context, decider.kfuncs[0]).layers:
            wrong.append((context.struct_ops, context.member))
    assert wrong == []


@pytest.mark.parametrize("name", WITH_RULES)
def test_contexts_may_sleep_where_the_booted_kernel_lets_them(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    data = BUNDLED[name].read_evidence()
    assert data is not None
    decider = Decider(BUNDLED[name].read_facts())
    wrong, asked = [], 0
    for answers in read_evidence(data).answers:
        if not answers.loads or answers.may_sleep is None:
            continue
        context = replace(read_observed(answers.context), sleepable=False)
        ours = find_sleep_answer(context, decider.views).blocks(sleepable=True)
        asked += 1
        if ours is answers.may_sleep:
            wrong.append((context, answers.may_sleep))
    assert wrong == []
    record_property(
        "agreement", f"{name}: {asked} of {asked} contexts may sleep, or not, as it says"
    )
