"""Programs of replacing.bpf.o, each with the one of replaced.bpf.o that it is for (pairs.json)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tests.verifier.bundled import check_on
from tests.verifier.engine.object.objects import OBJECTS
from verifier.engine.judging.attached import find_targets
from verifier.engine.judging.choices import LoaderChoices
from verifier.engine.result import ProgramVerdict

RECORDED = json.loads((Path(__file__).parents[3] / "agree" / "pairs.json").read_bytes())
TARGETS: dict[str, str] = RECORDED["targets"]


def target_choices(targets: dict[str, str]) -> LoaderChoices:
    """Return what a loader does that has programs attach to those of replaced.bpf.o."""
    words = {name: f"replaced.bpf.o:{target}" for name, target in targets.items()}
    found = find_targets(words, _read)
    return LoaderChoices(targets=words, attached=found)


def _read(name: str) -> bytes | None:
    path = OBJECTS / name
    return path.read_bytes() if path.is_file() else None


@cache
def check_pairs(kernel: str) -> dict[str, ProgramVerdict]:
    """Return the verdicts on all pairs on a bundled kernel."""
    return check_on(kernel, "replacing.bpf.o", target_choices(TARGETS))


def said_of(kernel: str, program: str) -> str:
    """Return the verdict on a pair, and what decides it."""
    verdict = check_pairs(kernel)[program]
    told = [item.reasons[0].text for item in verdict.findings if item.kind != "dead"]
    return f"{verdict.verdict}: {told[0]}" if told else verdict.verdict
