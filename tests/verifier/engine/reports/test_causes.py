"""Findings become causes, and a cause that explains others hides what follows from it."""

from __future__ import annotations

from kfmap.permission.verdict import Reason
from verifier.engine.reports.answer import build_answer
from verifier.engine.reports.causes import find_causes
from verifier.engine.reports.model import CheckedObject, Unchecked
from verifier.engine.result import (
    PASSES,
    Finding,
    FindingKind,
    ObjectVerdict,
    ProgramVerdict,
    Step,
    find_word,
)

NO_TYPE = "this kernel has no struct_ops type toy_ops"


def finding(kind: FindingKind, kfunc: str = "", text: str = "why", *functions: str) -> Finding:
    path = tuple(Step(name, 1, None) for name in functions)
    return Finding(kind, kfunc, path, None, None, (), (Reason("rule", text),))


def verdict(kernel: str, **findings: list[Finding]) -> ObjectVerdict:
    return ObjectVerdict(
        kernel,
        tuple(
            ProgramVerdict(name, find_word(item.kind for item in items), tuple(items), (), ())
            for name, items in findings.items()
        ),
    )


def checked(*verdicts: ObjectVerdict, unchecked: tuple[Unchecked, ...] = ()) -> CheckedObject:
    return CheckedObject("toy.bpf.o", "", None, verdicts, unchecked)


def absent() -> Finding:
    return finding(FindingKind.STRUCT_OPS, "", NO_TYPE)


def missing(name: str, *functions: str) -> Finding:
    return finding(FindingKind.MISSING, name, f"this kernel has no {name}", *functions)


def test_the_same_reason_on_several_kernels_is_one_cause() -> None:
    refused = [finding(FindingKind.NOT_ALLOWED, "toy_move", "toy_filter refuses", "run")]
    causes = find_causes(checked(verdict("7.2", run=refused), verdict("7.3", run=refused)))
    (cause,) = causes.shown
    assert cause.kernels == ("7.3", "7.2")
    assert cause.programs == ("run",)
    assert not cause.whole


def test_without_the_ops_structure_its_missing_kfuncs_are_not_told() -> None:
    both = [absent(), absent(), missing("toy_move"), missing("toy_stop", "run")]
    causes = find_causes(checked(verdict("6.12", run=both, tick=[absent(), missing("toy_move")])))
    (cause,) = causes.shown
    assert cause.text == NO_TYPE
    assert cause.whole
    assert causes.followed == 3


def test_what_hits_one_program_only_hides_nothing() -> None:
    causes = find_causes(checked(verdict("7.3", run=[missing("toy_move", "run")], tick=[absent()])))
    assert {cause.kind for cause in causes.shown} == {FindingKind.MISSING, FindingKind.STRUCT_OPS}
    assert causes.followed == 0


def test_a_reason_begins_a_sentence_but_for_names_of_the_program() -> None:
    texts = ("qmap_ops sets init_cids", "tick1 is used as two", "every path leaves a lock")
    said = verdict("7.3", run=[finding(FindingKind.LOAD, "", text) for text in texts])
    assert [cause.sentence for cause in find_causes(checked(said)).shown] == [
        "qmap_ops sets init_cids",
        "tick1 is used as two",
        "Every path leaves a lock",
    ]


def test_dead_calls_are_no_cause() -> None:
    assert find_causes(checked(verdict("7.3", run=[finding(FindingKind.DEAD, "x")]))).shown == ()


def test_causes_of_the_newest_kernel_come_first() -> None:
    causes = find_causes(
        checked(
            verdict("6.12", run=[missing("toy_old", "run")]),
            verdict("7.3", run=[missing("toy_new", "run")]),
        )
    )
    assert [cause.kfunc for cause in causes.shown] == ["toy_new", "toy_old"]


def test_what_could_not_be_asked_of_older_kernels_stands_behind_refusals() -> None:
    unknown = [finding(FindingKind.UNKNOWN, "", "no types")]
    causes = find_causes(
        checked(
            verdict("6.1", run=[missing("toy_old", "run")]),
            verdict("7.2", run=unknown),
            verdict(
                "7.3", run=[finding(FindingKind.UNKNOWN, "", "no names"), missing("toy_new", "run")]
            ),
        )
    )
    assert [cause.text for cause in causes.shown] == [
        "this kernel has no toy_new",
        "no names",
        "this kernel has no toy_old",
        "no types",
    ]


def test_a_fingerprint_does_not_depend_on_kernels() -> None:
    refused = [finding(FindingKind.NOT_ALLOWED, "toy_move", "toy_filter refuses", "run")]
    (one,) = find_causes(checked(verdict("7.2", run=refused))).shown
    (other,) = find_causes(checked(verdict("7.2", run=refused), verdict("7.3", run=refused))).shown
    assert one.fingerprint == other.fingerprint


def test_the_answer_is_one_line_newest_first() -> None:
    damaged = [finding(FindingKind.MALFORMED_KERNEL, f"toy_{at}", "damaged") for at in range(5)]
    answer = build_answer(
        checked(
            verdict("6.12", run=[absent()], tick=[absent()]),
            verdict("6.18", run=[], tick=[]),
            verdict("7.1", run=damaged, tick=damaged),
            verdict("7.2", run=damaged, tick=damaged),
            verdict("7.3", run=[], tick=[]),
            unchecked=(Unchecked("7.4", "its types are not there"),),
        )
    )
    assert answer.line == (
        "7.3 ✓ · 7.2, 7.1: 5 kfuncs with damaged BTF in this build (toy_0, toy_1, toy_2 and 2 more)"
        " · 6.18 ✓ · 6.12: no struct_ops type toy_ops · 7.4: its types are not there"
    )
    assert answer.span.words == "nothing is refused from 6.18 to 7.3, except on 7.1, 7.2"


def test_the_answer_says_what_is_not_known_and_miscounts_nothing() -> None:
    said = [
        finding(FindingKind.UNKNOWN, "", "it is not known what its fields become: it has no types"),
        finding(FindingKind.UNKNOWN, "toy_move", "it is not known whether it may be called"),
    ]
    answer = build_answer(checked(verdict("7.3", run=said)))
    assert answer.line == (
        "7.3: 1 thing that cannot be known (toy_move); it is not known what its fields become"
    )
    many = [finding(FindingKind.LOAD, "", f"{word} is wrong") for word in ("this", "that", "all")]
    assert build_answer(checked(verdict("7.3", run=many[:2]))).line == (
        "7.3: this is wrong; that is wrong"
    )
    counted = build_answer(checked(verdict("7.3", run=many))).line
    assert counted == "7.3: 3 reasons why it does not load"


def test_an_object_without_programs_passes() -> None:
    answer = build_answer(checked(verdict("7.3")))
    assert [item.verdict for item in answer.kernels] == [PASSES]
    assert answer.span.words == "7.3 is the only release that refuses nothing"


def test_where_nothing_loads_the_answer_says_so() -> None:
    answer = build_answer(checked(verdict("7.3", run=[missing("toy_move", "run")])))
    assert answer.span.words == "each refuses something"
