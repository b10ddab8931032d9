"""Verdicts of several kernels side by side."""

from __future__ import annotations

from verifier.engine.judging.compare import Span, find_changes, find_span, loads, works
from verifier.engine.result import (
    PASSES,
    REFUSED,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
)


def _verdict(kernel: str, word: str, *kfuncs: str) -> ObjectVerdict:
    findings = tuple(Finding(FindingKind.MISSING, name, (), None, None, (), ()) for name in kfuncs)
    return ObjectVerdict(kernel, (ProgramVerdict("main", word, findings, ("bpf_a",), ()),))


def test_the_span_goes_from_first_to_last_and_names_the_holes() -> None:
    loading = [("6.1", False), ("6.12", True), ("6.18", False), ("7.2", True), ("7.3", False)]
    assert find_span(loading) == Span("6.12", "7.2", ("6.18",))


def test_an_object_that_loads_nowhere_has_no_span() -> None:
    verdict = _verdict("6.1", REFUSED, "bpf_a")
    assert find_span([("6.1", loads(verdict))]) == Span(None, None, ())


def test_the_span_is_of_releases_as_long_as_one_loads_the_object() -> None:
    loading = [("6.1", False), ("6.12.118", True), ("6.12", True), ("7.3-rt", False), ("7.3", True)]
    assert find_span(loading) == Span("6.12", "7.3", ())
    assert find_span([("6.12-rt", True), ("6.12", False)]) == Span("6.12-rt", "6.12-rt", ())


def test_changes_name_verdicts_and_findings() -> None:
    [change] = find_changes(_verdict("6.1", PASSES), _verdict("7.2", REFUSED, "bpf_b"))
    assert (change.before, change.after) == (PASSES, REFUSED)
    assert change.appeared == (("missing", "bpf_b"),)


def test_nothing_changes_between_equal_verdicts() -> None:
    assert find_changes(_verdict("6.1", PASSES), _verdict("7.2", PASSES)) == ()
    assert works(_verdict("6.1", PASSES))
