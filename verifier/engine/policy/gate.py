"""What makes a CI run fail: refused, unknown, or only what a baseline does not have."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import PurePath

from kfmap.quick_dataclass import dataclass
from verifier.engine.policy.model import Effect, Judged
from verifier.engine.reports.causes import Cause, find_causes
from verifier.engine.reports.model import CheckedObject, ReportOptions, decides, is_bad, is_unread
from verifier.engine.result import UNKNOWN, FindingKind

PASSES, FAILS, UNREAD = 0, 1, 2
Baseline = frozenset[tuple[str, str]]  # (name of the file, fingerprint of a cause)


class FailOn(StrEnum):
    """What a run fails on. UNKNOWN is REFUSED and what cannot be decided besides."""

    REFUSED = "refused"
    UNKNOWN = "unknown"
    NEW = "new"


class BaselineError(ValueError):
    """The file is no earlier report."""


def read_baseline(text: str) -> Baseline:
    """Return what an earlier JSON report has found. Raises BaselineError."""
    try:
        report = json.loads(text)
        return frozenset(
            (PurePath(obj["file"]).name, str(cause["fingerprint"]))
            for obj in report["objects"]
            for cause in obj["summary"]["causes"]
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BaselineError("it is not a report of `kfmap verify --format json`") from error


def find_new(obj: CheckedObject, baseline: Baseline, options: ReportOptions) -> list[Cause]:
    """Return the causes that the baseline does not have for the file of this name."""
    name = PurePath(obj.file).name
    return [
        cause
        for cause in find_causes(obj).shown
        if (name, cause.fingerprint) not in baseline
        and cause.kind != FindingKind.LEFT_OUT
        and any(decides(kernel, options) for kernel in cause.kernels)
    ]


@dataclass(frozen=True, slots=True)
class Gate:
    """What a run is asked to fail on; `baseline`: what was found before."""

    fail_on: frozenset[FailOn] = frozenset()
    baseline: Baseline = frozenset()

    def decide(self, obj: CheckedObject, options: ReportOptions, judged: Judged | None) -> int:
        """Return the exit code for one object: 2 it is not readable, 1 it fails, 0 it passes.

        Without `fail_on` what is refused or fails at run time fails. A policy that denies fails.
        """
        if is_unread(obj, options):
            return UNREAD
        denied = judged is not None and judged.effect == Effect.DENY
        return FAILS if denied or self._fails(obj, options) else PASSES

    def _fails(self, obj: CheckedObject, options: ReportOptions) -> bool:
        unknown = FailOn.UNKNOWN in self.fail_on
        if FailOn.NEW in self.fail_on:
            new = find_new(obj, self.baseline, options)
            return any(unknown or cause.kind != FindingKind.UNKNOWN for cause in new)
        return is_bad(obj, options) or (unknown and _has_unknown(obj, options))


def _has_unknown(obj: CheckedObject, options: ReportOptions) -> bool:
    return any(row.verdict == UNKNOWN for kernel, row in obj.rows() if decides(kernel, options))
