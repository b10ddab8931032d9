"""What a kernel does with each program of an object: refused at load, failing later, or fine.

prepared = prepare_object(obj)
verdicts = [check_object(prepared, KernelUnderTest(facts, types)) for ...]
"""

from __future__ import annotations

from kfmap.collection import collection_paused
from verifier.engine.judging.choices import (
    NO_CHOICES,
    ChoiceError,
    LoaderChoices,
    fit_choices,
)
from verifier.engine.judging.evidence_only import keep_what_is_known
from verifier.engine.judging.interview import NO_TARGETS, Interview
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.loaded_targets import judge_targets
from verifier.engine.judging.prepared import Prepared, Steps, prepare_object
from verifier.engine.judging.sharing import judge_object
from verifier.engine.object.model import BpfObject
from verifier.engine.result import ObjectVerdict

__all__ = [
    "NO_CHOICES",
    "ChoiceError",
    "KernelUnderTest",
    "LoaderChoices",
    "Prepared",
    "Steps",
    "check_object",
    "collection_paused",
    "fit_choices",
    "prepare_object",
]


def check_object(
    obj: BpfObject | Prepared, kernel: KernelUnderTest, choices: LoaderChoices = NO_CHOICES
) -> ObjectVerdict:
    """Return the verdicts on all programs; `choices` as for `prepare_object`.

    For several kernels pass what `prepare_object` gave: they then share what no kernel changes.
    Reading and checking large objects under `collection_paused()` takes a fifth less.
    """
    prepared = obj if isinstance(obj, Prepared) else prepare_object(obj, choices)
    targets = NO_TARGETS
    if prepared.targets:
        targets = judge_targets(prepared, lambda other: Interview(other, kernel))
    verdicts = judge_object(prepared, Interview(prepared, kernel, targets))
    if kernel.facts.is_observed:
        verdicts = tuple(map(keep_what_is_known, verdicts))
    return ObjectVerdict(kernel.name, verdicts)
