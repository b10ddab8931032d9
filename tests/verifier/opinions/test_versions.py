"""Versions of an object on one kernel: what loads now, and what it costs to verify."""

from __future__ import annotations

from verifier.opinions.opinion import KernelOpinion, ProgramOpinion, Word
from verifier.opinions.versions import compare_versions


def _opinion(kernel: str, *programs: ProgramOpinion) -> KernelOpinion:
    return KernelOpinion(kernel, "7.2.12", "v1.5", programs)


def test_versions_are_compared_program_by_program() -> None:
    before = _opinion(
        "7.2",
        ProgramOpinion("same", Word.LOADS, instructions=100, peak_states=4),
        ProgramOpinion("gone", Word.LOADS, instructions=5),
    )
    after = _opinion(
        "7.2",
        ProgramOpinion("same", Word.REFUSED, "R1 invalid", instructions=150, peak_states=3),
        ProgramOpinion("new", Word.LOADS),
    )
    (change,) = compare_versions([before], [after, _opinion("7.3")])
    same, new, gone = change.programs
    assert (same.instructions, same.states, same.words) == (50, -1, ("loads", "refused"))
    assert (new.words, new.instructions) == (("not there", "loads"), None)
    assert gone.words == ("loads", "not there")
