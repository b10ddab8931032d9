"""Opinions as JSON, the form that is stored and that other programs rely on.

`version` rises when a key changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from verifier.opinions.agreement import ComparedProgram
from verifier.opinions.opinion import KernelOpinion, ProgramOpinion, Word

VERSION = 1


def plain_opinion(opinion: KernelOpinion) -> dict[str, Any]:
    """Return what `parse_opinion` reads."""
    return {"version": VERSION, **asdict(opinion)}


def parse_opinion(given: Mapping[str, Any]) -> KernelOpinion:
    """Read what `plain_opinion` gave."""
    programs = tuple(
        ProgramOpinion(**{**item, "word": Word(item["word"])}) for item in given["programs"]
    )
    return KernelOpinion(
        given["kernel"], given["release"], given["libbpf"], programs, given.get("problem", "")
    )


def plain_compared(opinion: KernelOpinion, compared: Iterable[ComparedProgram]) -> dict[str, Any]:
    """Return an opinion as reports have it: every program with its agreement and its cause."""
    return {
        "version": VERSION,
        "kernel": opinion.kernel,
        "release": opinion.release,
        "libbpf": opinion.libbpf,
        "problem": opinion.problem,
        "programs": [_plain_program(item) for item in compared],
    }


def _plain_program(item: ComparedProgram) -> dict[str, Any]:
    said, message = item.opinion, item.message
    return {
        "program": item.program,
        "verdict": item.verdict or None,
        "kernel": said.word,
        "agreement": item.agreement,
        "sentence": item.sentence,
        "reason": item.complaint,
        "whole_object": said.whole,
        "kind": message.kind if message else None,
        "source": item.source or None,
        "source_text": message.source_text if message else None,
        "instruction": message.instruction if message else None,
        "instructions_verified": said.instructions,
        "peak_states": said.peak_states,
        "total_states": said.total_states,
        "log": said.log.splitlines(),
        "libbpf": said.said.splitlines(),
    }
