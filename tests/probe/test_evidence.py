"""Evidence is read, and everything that the probe would not write is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfmap.probe.evidence import EvidenceError, read_evidence
from tests.probe.evidence_writer import context, document, write


def test_evidence_names_the_kernel_and_its_answers() -> None:
    evidence = read_evidence(write(undetermined={"bpf_two": "arena program required"}))
    assert (evidence.release, evidence.build_id) == ("7.3.4+test-amd64", "0a1b2c")
    assert evidence.kfuncs == ("bpf_one", "bpf_two")
    assert evidence.answers[0].context.verdicts == "AD"
    assert evidence.answers[0].may_sleep is False
    assert evidence.undetermined == {"bpf_two": "arena program required"}
    assert evidence.cells == 2


def test_a_context_without_the_sleepable_answer_leaves_it_unknown() -> None:
    given_context = context()
    del given_context["may_sleep"]
    assert read_evidence(write(contexts=[given_context])).answers[0].may_sleep is None


BROKEN: dict[str, tuple[dict[str, object], str]] = {
    "other format": ({"format": "something"}, '"format" must be'),
    "other version": ({"version": 2}, "reads version 1"),
    "probe was ended": ({"complete": False}, "did not finish"),
    "no kfuncs": ({"kfuncs": []}, '"kfuncs" must be a list'),
    "kfuncs are markup": ({"kfuncs": ["<script>", "b"]}, "is no name"),
    "no contexts": ({"contexts": []}, '"contexts" must be a list'),
    "too many cells": (
        {
            "kfuncs": [f"k{n}" for n in range(8000)],
            "contexts": [context(verdicts="A" * 8000)] * 126,
        },
        "more than 1,000,000 cells",
    ),
    "too few letters": ({"contexts": [context(verdicts="A")]}, "context 1: .*verdicts"),
    "other letters": ({"contexts": [context(verdicts="AX")]}, "context 1: .*verdicts"),
    "target is markup": ({"contexts": [context(target="<b>")]}, 'context 1: "target" is no name'),
    "no program type": ({"contexts": [context(program_type=None)]}, "has no"),
    "contradicting contexts": (
        {"contexts": [context(verdicts="AA"), context(verdicts="DD")]},
        "BPF_PROG_TYPE_XDP stands in it twice",
    ),
    "version is no number": ({"version": True}, "its version is True"),
    "context is a list": ({"contexts": [[]]}, "context 1 is not an object"),
    "release is a path": ({"kernel": "../../etc"}, '"kernel" is missing'),
    "no release": ({"kernel": None}, '"kernel" is missing'),
    "build id is no hexadecimal": ({"build_id": "zz"}, '"build_id"'),
    "modules is a list": ({"modules": []}, '"modules" must be an object'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_evidence_is_refused_with_its_place(name: str) -> None:
    more, message = BROKEN[name]
    with pytest.raises(EvidenceError, match=message):
        read_evidence(write(**more))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", write()[:-40]])
def test_truncated_or_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match=r"not JSON|not what the probe writes"):
        read_evidence(data)


def test_a_name_that_answers_twice_tells_nothing_where_it_contradicts_itself() -> None:
    """vmlinux and a module may both have a function of one name."""
    contexts = [context(verdicts="ADA"), context("BPF_PROG_TYPE_SYSCALL", verdicts="DAD")]
    twice = read_evidence(write(kfuncs=["a", "b", "a"], contexts=contexts))
    assert twice.kfuncs == ("a", "b")
    assert [item.context.verdicts for item in twice.answers] == ["AD", "DA"]
    contrary = read_evidence(write(kfuncs=["a", "a"], contexts=[context(verdicts="AD")]))
    assert contrary.answers[0].context.verdicts == "?"


def test_a_text_that_no_database_takes_is_cleaned() -> None:
    """Half a surrogate pair cannot be stored by SQLite, a NUL not by PostgreSQL."""
    read = read_evidence(
        write(build="#1\0 \ud800", contexts=[context(message="a\x1b[2J")], undetermined={"\0": "b"})
    )
    assert read.build == "#1\ufffd \ufffd"
    assert read.answers[0].message == "a\ufffd[2J"
    assert read.undetermined == {"\ufffd": "b"}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(document())),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    ),
)
def test_whatever_stands_in_a_field_nothing_but_evidence_error_comes(
    field: str, value: object
) -> None:
    try:
        read_evidence(json.dumps({**document(), field: value}).encode())
    except EvidenceError as error:
        assert str(error)
