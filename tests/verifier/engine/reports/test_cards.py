"""Causes that a reader takes for one stand in one card; each keeps its fingerprint."""

from __future__ import annotations

import json

from tests.verifier.engine.reports.test_causes import checked, finding, missing, verdict
from verifier.engine.reports.cards import Card, find_cards
from verifier.engine.reports.causes import find_causes
from verifier.engine.reports.json_report import render_json
from verifier.engine.reports.markdown_report import render_markdown
from verifier.engine.reports.model import CheckedObject
from verifier.engine.reports.text_report import render_text
from verifier.engine.result import FindingKind


def cards_of(obj: CheckedObject) -> tuple[Card, ...]:
    return find_cards(find_causes(obj).shown)


def test_kfuncs_that_the_same_kernels_lack_are_one_card() -> None:
    both = {"run": [missing("toy_a", "run")], "tick": [missing("toy_b", "tick")]}
    one = {**both, "stop": [missing("toy_c", "stop")]}
    (first, other) = cards_of(checked(verdict("7.2", **one), verdict("7.3", **both)))
    assert first.headline == "toy_a and toy_b: the kernel has no such kfunc"
    assert first.names == ("toy_a", "toy_b")
    assert [(hit.kernel, hit.programs) for hit in first.hits] == [
        ("7.3", ("run", "tick")),
        ("7.2", ("run", "tick")),
    ]
    assert (other.names, other.first.kfunc) == ((), "toy_c")


def test_other_reasons_or_other_advice_are_other_cards() -> None:
    texts = ("toy_a needs a lock", "toy_b needs a lock", "toy_c needs no lock")
    said = [finding(FindingKind.REGION, text[:5], text, "run") for text in texts]
    assert [card.names for card in cards_of(checked(verdict("7.3", run=said)))] == [
        ("toy_a", "toy_b"),
        (),
    ]


def test_one_name_may_differ_in_a_sentence_and_no_number() -> None:
    obj = checked(
        verdict(
            "7.3",
            run=[finding(FindingKind.LOAD, "", "no function bpf_one in my_map")],
            tick=[finding(FindingKind.LOAD, "", "no function bpf_two in my_map")],
            stop=[finding(FindingKind.LOAD, "", "no function bpf_one in a_map")],
            exit=[finding(FindingKind.LOAD, "", "it takes 3 arguments")],
            init=[finding(FindingKind.LOAD, "", "it takes 4 arguments")],
        )
    )
    cards = cards_of(obj)
    assert [len(card.causes) for card in cards] == [2, 1, 1, 1]
    assert cards[0].headline == "No function bpf_one in my_map"
    assert cards[0].likewise == "The same holds for bpf_two."
    assert "     The same holds for bpf_two.\n" in render_text([obj])
    assert "- The same holds for bpf\\_two.\n" in render_markdown([obj])


def test_kfuncs_that_one_build_damaged_are_one_card() -> None:
    said = [
        finding(FindingKind.MALFORMED_KERNEL, name, f"{name} is damaged: no {name}_impl", "run")
        for name in ("toy_kick", "toy_idle")
    ]
    [card] = cards_of(checked(verdict("7.2", run=said)))
    assert card.headline == "toy_kick and toy_idle: the kernel's own BTF is malformed"
    other = finding(FindingKind.MALFORMED_KERNEL, "toy_a", "toy_a is damaged: no toy_b_impl", "run")
    assert len(cards_of(checked(verdict("7.2", run=[*said, other])))) == 2


def test_a_helper_goes_by_name_and_number() -> None:
    said = [
        finding(FindingKind.LOAD, "", f"program of this type cannot use helper {name}")
        for name in ("bpf_one#5", "bpf_three_words#77")
    ]
    [card] = cards_of(checked(verdict("7.3", run=said)))
    assert card.names == ("bpf_one#5", "bpf_three_words#77")


def test_json_names_the_fingerprints_of_a_card() -> None:
    said = [missing(f"toy_{name}", "run") for name in "abcdef"]
    obj = checked(verdict("7.3", run=said))
    summary = json.loads(render_json([obj]))["objects"][0]["summary"]
    [card] = summary["cards"]
    assert card["headline"] == (
        "toy_a, toy_b, toy_c, toy_d, toy_e and toy_f: the kernel has no such kfunc"
    )
    assert card["names"] == ["toy_a", "toy_b", "toy_c", "toy_d", "toy_e", "toy_f"]
    assert card["fingerprints"] == [cause["fingerprint"] for cause in summary["causes"]]


def test_what_goes_on_with_an_iterator_follows_from_making_it() -> None:
    loop = [missing(f"bpf_iter_num_{step}", "run") for step in ("new", "next", "destroy")]
    alone = [missing("bpf_iter_num_next", "tick")]
    causes = find_causes(checked(verdict("7.2", run=loop), verdict("7.3", tick=alone)))
    assert [(cause.kfunc, cause.kernels) for cause in causes.shown] == [
        ("bpf_iter_num_next", ("7.3",)),
        ("bpf_iter_num_new", ("7.2",)),
    ]
    assert causes.followed == 2
