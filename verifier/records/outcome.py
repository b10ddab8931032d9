"""An object in one line: on which kernels its programs pass, are refused or fail at run time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from verifier.engine.result import FAILS_AT_RUN_TIME, LEFT_OUT, PASSES, REFUSED, UNKNOWN
from verifier.records.models import BpfObject, Check, Verdict

WORST_FIRST = (REFUSED, FAILS_AT_RUN_TIME, UNKNOWN, PASSES, LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the program that fares worst fares, and the kernels where it does, newest first."""

    verdict: str
    kernels: tuple[str, ...]

    @property
    def word(self) -> str:
        """Return the verdict for people."""
        return str(Verdict.Word(self.verdict).label)


def load_outcomes(objects: Iterable[BpfObject]) -> dict[int, list[Outcome]]:
    """Return the outcomes of checked objects by their id, in two queries for any number of them."""
    asked = list(objects)
    if not asked:
        return {}
    checks = Check.objects.current().filter(object__in=asked)
    rows = Verdict.objects.filter(check_row__in=checks).values_list(
        "check_row__object_id", "check_row__facts_hash", "verdict"
    )
    words: dict[int, dict[str, set[str]]] = {}
    for object_id, facts_hash, verdict in rows.order_by().distinct():
        words.setdefault(object_id, {}).setdefault(facts_hash, set()).add(verdict)
    kernels = list(Kernel.objects.newest_first()) if words else []
    return {object_id: _outcomes(by_hash, kernels) for object_id, by_hash in words.items()}


def worst_by_kernel(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return the verdict of the program that fares worst, by the name of the kernel."""
    return {name: outcome.verdict for outcome in outcomes for name in outcome.kernels}


def _outcomes(by_hash: dict[str, set[str]], kernels: list[Kernel]) -> list[Outcome]:
    worst = {
        kernel.name: min(by_hash[kernel.facts_hash], key=WORST_FIRST.index)
        for kernel in kernels
        if kernel.facts_hash in by_hash
    }
    outcomes = (
        Outcome(verdict, tuple(name for name, word in worst.items() if word == verdict))
        for verdict in reversed(WORST_FIRST)
    )
    return [outcome for outcome in outcomes if outcome.kernels]
