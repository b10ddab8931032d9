"""Verdicts of several kernels side by side."""

from __future__ import annotations

from verifier.judging.compare import Span, find_changes, find_span, works
from verifier.result import PASSES, REFUSED, Finding, ObjectVerdict, ProgramVerdict


def _verdict(kernel: str, word: str, *kfuncs: str) -> ObjectVerdict:
    findings = tuple(Finding("missing", name, (), None, None, (), ()) for name in kfuncs)
    return ObjectVerdict(kernel, (ProgramVerdict("main", word, findings, ("bpf_a",), ()),))


def test_the_span_goes_from_first_to_last_and_names_the_holes() -> None:
    verdicts = [
        _verdict("6.1", REFUSED, "bpf_a"),
        _verdict("6.12", PASSES),
        _verdict("6.18", REFUSED, "bpf_b"),
        _verdict("7.2", PASSES),
        _verdict("7.3", REFUSED, "bpf_c"),
    ]
    assert find_span(verdicts) == Span("6.12", "7.2", ("6.18",))


def test_an_object_that_loads_nowhere_has_no_span() -> None:
    assert find_span([_verdict("6.1", REFUSED, "bpf_a")]) == Span(None, None, ())


def test_changes_name_verdicts_and_findings() -> None:
    [change] = find_changes(_verdict("6.1", PASSES), _verdict("7.2", REFUSED, "bpf_b"))
    assert (change.before, change.after) == (PASSES, REFUSED)
    assert change.appeared == (("missing", "bpf_b"),)


def test_nothing_changes_between_equal_verdicts() -> None:
    assert find_changes(_verdict("6.1", PASSES), _verdict("7.2", PASSES)) == ()
    assert works(_verdict("6.1", PASSES))
