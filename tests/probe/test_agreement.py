"""The kernel's letters are set beside the map's, cell by cell."""

from __future__ import annotations

from kfmap.permission.bits import LETTERS
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.probe.agreement import compare_evidence
from kfmap.probe.evidence import read_evidence
from tests.permission.small_kernel import create_toy_kernel
from tests.probe.evidence_writer import context, write

XDP = Context("BPF_PROG_TYPE_XDP")


def _letters() -> tuple[tuple[str, ...], str]:
    decider = Decider(create_toy_kernel())
    bits = decider.bits(XDP)
    kfuncs = tuple(decider.kfuncs)
    return kfuncs, "".join(bits.letter(place) for place in range(len(kfuncs)))


def test_equal_cells_count_as_agreeing() -> None:
    kfuncs, letters = _letters()
    evidence = read_evidence(write(kfuncs=list(kfuncs), contexts=[context(verdicts=letters)]))
    compared = compare_evidence(create_toy_kernel(), evidence)
    assert compared.compared == compared.equal == len(kfuncs) - letters.count("?")
    assert not compared.differences
    assert not compared.strangers


def test_a_differing_cell_is_named_with_both_letters() -> None:
    kfuncs, letters = _letters()
    other = {"A": "D", "D": "A"}[letters[0]]
    given = [context(verdicts=other + letters[1:])]
    compared = compare_evidence(
        create_toy_kernel(), read_evidence(write(kfuncs=list(kfuncs), contexts=given))
    )
    [difference] = compared.differences
    assert (difference.kfunc, difference.kernel, difference.ours) == (kfuncs[0], other, letters[0])
    assert str(difference) == (
        f"{kfuncs[0]} in xdp: the kernel says {LETTERS[other]}, the map {LETTERS[letters[0]]}"
    )
    assert compared.by_context == [("xdp", 1)]


def test_cells_that_the_kernel_did_not_decide_are_counted_apart() -> None:
    kfuncs, _ = _letters()
    given = [context(verdicts="?" * len(kfuncs), loads=False, message="Invalid argument")]
    compared = compare_evidence(
        create_toy_kernel(), read_evidence(write(kfuncs=list(kfuncs), contexts=given))
    )
    assert (compared.compared, compared.undetermined) == (0, len(kfuncs))
    assert compared.unloadable == (("xdp", "Invalid argument"),)


def test_a_kfunc_that_the_map_lacks_differs_where_the_kernel_allows_it() -> None:
    evidence = read_evidence(write(kfuncs=["bpf_nobody"], contexts=[context(verdicts="A")]))
    compared = compare_evidence(create_toy_kernel(), evidence)
    assert compared.strangers == ("bpf_nobody",)
    assert [item.ours for item in compared.differences] == ["D"]
