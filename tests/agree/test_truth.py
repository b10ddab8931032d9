"""The bundled kernels decide every determined cell as the booted kernels did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kfmap.permission.decide import Decider
from kfmap.permission.verdict import Layer
from tests.agree.truth import count_letters, read_bundled, read_truth

DETERMINED = {"6.1": 2_948, "6.12": 9_100, "6.18": 28_024, "7.2": 45_756}
KERNELS = pytest.mark.parametrize("kernel", DETERMINED)


@KERNELS
def test_every_determined_cell_is_decided_as_the_kernel_did(
    kernel: str, record_property: Callable[[str, object], None]
) -> None:
    count, wrong = count_letters(read_truth(kernel), read_bundled(kernel))
    record_property("agreement", f"{kernel}: {count - len(wrong):,} of {count:,} cells agree")
    assert (count, wrong[:20]) == (DETERMINED[kernel], [])


@KERNELS
def test_single_answers_are_those_of_the_whole_matrix(kernel: str) -> None:
    truth, decider = read_truth(kernel), Decider(read_bundled(kernel))
    letters = {"allowed": "A", "refused": "D"}
    wrong = [
        (context, kfunc)
        for context, kfunc, letter in list(truth.determined_cells())[::7]
        if letters.get(decider.decide(context, kfunc).verdict) != letter
    ]
    assert wrong == []


@KERNELS
def test_members_that_load_nothing_are_the_unsupported_ones(kernel: str) -> None:
    truth, decider = read_truth(kernel), Decider(read_bundled(kernel))
    members = [answers for answers in truth.answers if answers.context.member]
    refused = {a.context for a in members if "unsupported member" in a.message}
    marked = {
        a.context
        for a in members
        if (member := decider.views.find_member(a.context)) and member.supported is False
    }
    assert marked == refused


@KERNELS
def test_metadata_kfuncs_are_the_device_bound_ones(kernel: str) -> None:
    truth, facts = read_truth(kernel), read_bundled(kernel)
    refused = {name for name, text in truth.undetermined.items() if "device-bound" in text}
    assert {kfunc.name for kfunc in facts.kfuncs if kfunc.device_bound} == refused


@KERNELS
def test_kfuncs_without_their_twin_in_btf_are_those_no_program_could_load(kernel: str) -> None:
    truth, decider = read_truth(kernel), Decider(read_bundled(kernel))
    refused = {name for name, text in truth.undetermined.items() if "_impl in BTF" in text}
    answers = truth.answers[0]
    marked = {
        name
        for name in truth.kfuncs
        if any(_is_malformed(layer) for layer in decider.decide(answers.context, name).layers)
    }
    assert marked == refused


def _is_malformed(layer: Layer) -> bool:
    return layer.kind == "malformed_btf" and bool(layer.blocks)
