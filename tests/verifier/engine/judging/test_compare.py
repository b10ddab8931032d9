"""Verdicts of several kernels side by side."""

from __future__ import annotations

from verifier.engine.judging.compare import (
    Span,
    find_changes,
    find_object_span,
    find_span,
    loads,
)
from verifier.engine.result import (
    FAILS_AT_RUN_TIME,
    LEFT_OUT,
    PASSES,
    REFUSED,
    UNKNOWN,
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
    span = find_object_span([_verdict("6.1", REFUSED, "bpf_a")], ())
    assert span == Span(None, None, ())
    assert span.words == "each refuses something"


def test_an_object_loads_where_nothing_is_refused_and_nothing_unknown() -> None:
    assert loads([PASSES, LEFT_OUT, FAILS_AT_RUN_TIME]) is True
    assert loads([PASSES, UNKNOWN]) is None
    assert loads([UNKNOWN, REFUSED]) is False
    assert loads([]) is True


def test_what_is_not_known_is_not_in_the_span() -> None:
    loading = [("6.16", None), ("6.17", True), ("7.0", None), ("7.1", False), ("7.2", True)]
    span = find_span(loading)
    assert span == Span("6.17", "7.2", ("7.0", "7.1"), ("6.16", "7.0"))
    assert span.words == (
        "nothing is refused from 6.17 to 7.2, except on 7.1; it is not known of 7.0"
    )
    assert (
        find_span([*loading[:2], ("7.1", False)]).words
        == "6.17 is the only release that is known to refuse nothing"
    )
    unsure = find_span([("6.16", None), ("7.1", False)])
    assert unsure.words == "none is known to load all programs"
    checked = find_object_span([_verdict("7.2", PASSES)], ["7.3"])
    assert checked.words == "7.2 is the only release that is known to refuse nothing"


def test_the_span_is_of_releases_as_long_as_one_loads_the_object() -> None:
    loading = [("6.1", False), ("6.12.118", True), ("6.12", True), ("7.3-rt", False), ("7.3", True)]
    assert find_span(loading) == Span("6.12", "7.3", ())
    variant = find_span([("6.12-rt", True), ("6.12", False)])
    assert variant.words == "6.12-rt is the only kernel that refuses nothing"


def test_changes_name_verdicts_and_findings() -> None:
    [change] = find_changes(_verdict("6.1", PASSES), _verdict("7.2", REFUSED, "bpf_b"))
    assert (change.before, change.after) == (PASSES, REFUSED)
    assert change.appeared == (("missing", "bpf_b"),)


def test_nothing_changes_between_equal_verdicts() -> None:
    assert find_changes(_verdict("6.1", PASSES), _verdict("7.2", PASSES)) == ()
