"""A kernel of evidence alone has one verdict per name."""

from __future__ import annotations

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.probe.evidence import read_evidence
from kfmap.probe.observed_kernel import build_observed
from tests.probe.evidence_writer import context, write


def test_two_functions_of_one_name_with_different_answers_tell_nothing() -> None:
    xdp = context(verdicts="ADAA")
    tracing = context("BPF_PROG_TYPE_TRACING", attach_type="BPF_TRACE_FENTRY", verdicts="DDD?")
    data = write(kfuncs=["one", "two", "two", "three"], contexts=[xdp, tracing])
    like = find_bundled()[-1].read_facts()
    facts = build_observed(read_evidence(data), "mine", "", like)
    assert facts.observed_kfuncs == ("one", "two", "three")
    assert [item.verdicts for item in facts.observed] == ["A?A", "DD?"]
