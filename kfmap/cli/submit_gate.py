"""What makes `kfmap submit` fail: refused, unknown, or only what a baseline does not have."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from kfmap.cli.gate_options import read_baseline_file
from kfmap.cli.server_client import ServerClient, Taken
from verifier.engine.policy.gate import FAILS, PASSES, UNREAD, Baseline, FailOn
from verifier.engine.result import FAILS_AT_RUN_TIME, REFUSED, UNKNOWN, FindingKind

_REFUSED = frozenset({REFUSED, FAILS_AT_RUN_TIME})


def add_gate_options(parser: ArgumentParser) -> None:
    """Take what ends with code 1."""
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=[*FailOn],
        default=[],
        help="refused (the default), unknown as well, or new: only what the version before in the "
        "space, or the baseline, does not have; repeatable",
    )
    parser.add_argument(
        "--baseline", metavar="REPORT", help="an earlier report of --format json, for --fail-on new"
    )


@dataclass(frozen=True, slots=True)
class ServerGate:
    """What was asked for; `baseline` None: the version before is what is compared with."""

    fail_on: frozenset[FailOn]
    deciding: tuple[str, ...]
    baseline: Baseline | None

    def decide(self, server: ServerClient, files: Sequence[Taken], space: str) -> int:
        """Return the exit code: that of the worst object on the kernels that decide."""
        code = UNREAD if any(taken.problem for taken in files) else PASSES
        kept = {taken.address: taken for taken in files if not taken.problem}
        return max([code, *(self._decide(server, taken, space) for taken in kept.values())])

    def _decide(self, server: ServerClient, taken: Taken, space: str) -> int:
        found = server.read_object(taken.address)
        if found is None:
            return UNREAD
        verdicts = {row["kernel"]: row["verdict"] for row in found["summary"]["kernels"]}
        if any(verdicts.get(name, "unchecked") == "unchecked" for name in self.deciding):
            return UNREAD
        if FailOn.NEW in self.fail_on:
            fails = self._has_new(found, self._known(server, taken, space))
        else:
            failing = _REFUSED | ({UNKNOWN} if FailOn.UNKNOWN in self.fail_on else set())
            fails = any(verdicts[name] in failing for name in self.deciding)
        return FAILS if fails else PASSES

    def _known(self, server: ServerClient, taken: Taken, space: str) -> frozenset[str]:
        """Return the fingerprints that are not new."""
        if self.baseline is not None:
            name = PurePath(taken.file).name
            return frozenset(mark for file, mark in self.baseline if file == name)
        before = server.find_version_before(taken.address, space)
        report = server.read_object(before) if before else None
        return frozenset(cause["fingerprint"] for cause in _causes(report))

    def _has_new(self, found: Mapping[str, Any], known: frozenset[str]) -> bool:
        harmless = {FindingKind.LEFT_OUT}
        if FailOn.UNKNOWN not in self.fail_on:
            harmless.add(FindingKind.UNKNOWN)
        return any(
            cause["fingerprint"] not in known
            and cause["kind"] not in harmless
            and any(hit["kernel"] in self.deciding for hit in cause["hits"])
            for cause in _causes(found)
        )


def read_server_gate(options: Namespace, deciding: Sequence[str]) -> ServerGate:
    """Return what the options ask for. Raises CommandFailedError for what is no baseline."""
    fail_on = frozenset(FailOn(word) for word in options.fail_on)
    baseline = None
    if options.baseline is not None:
        baseline = read_baseline_file(options.baseline)
        fail_on |= {FailOn.NEW}
    return ServerGate(fail_on, tuple(deciding), baseline)


def _causes(report: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return list(report["summary"]["causes"]) if report else []
