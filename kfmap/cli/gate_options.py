"""Options that say what makes `kfmap verify` fail: a policy, a baseline, kinds of findings."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from kfmap.cli.commands import CommandFailedError
from kfmap.cli.kernels import AskedKernel
from kfmap.quick_dataclass import dataclass
from kfmap.safe_text.printable import printable
from verifier.engine.policy.gate import Baseline, BaselineError, FailOn, Gate, read_baseline
from verifier.engine.policy.kfunc_facts import KfuncFacts
from verifier.engine.policy.model import Judged, Policy, PolicyFinding
from verifier.engine.reports.model import CheckedObject, ReportOptions, decides

_MAX_BASELINE = 256 << 20


def add_gate_options(parser: ArgumentParser) -> None:
    """Take what a run fails on."""
    parser.add_argument(
        "--policy", metavar="POLICY", help="a policy file (YAML): what it denies fails as well"
    )
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=[*FailOn],
        default=[],
        help="refused (the default), unknown as well, or new: only what the baseline does not have",
    )
    parser.add_argument(
        "--baseline", metavar="REPORT", help="an earlier report of --format json, for --fail-on new"
    )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the options make of objects."""

    gate: Gate
    policy: Policy | None
    kernels: dict[str, KfuncFacts]

    def judge(self, obj: CheckedObject, options: ReportOptions) -> Judged | None:
        """Return what the policy finds on the kernels that decide; None without a policy."""
        if self.policy is None:
            return None
        from verifier.engine.policy.judging import judge

        return judge(self.policy, _on_deciding(obj, options), self.kernels)


def read_gate(options: Namespace, kernels: Sequence[AskedKernel]) -> Verdicts:
    """Return what the options ask for. Raises CommandFailedError."""
    fail_on = frozenset(FailOn(word) for word in options.fail_on)
    if FailOn.NEW in fail_on and options.baseline is None:
        raise CommandFailedError("--fail-on new needs --baseline REPORT")
    if options.baseline is not None:
        fail_on |= {FailOn.NEW}
    policy = _read_policy(options.policy) if options.policy else None
    facts = (
        {item.name: KfuncFacts(partial(getattr, item, "decider")) for item in kernels}
        if policy
        else {}
    )
    baseline: Baseline = frozenset()
    if options.baseline is not None:
        baseline = read_baseline_file(options.baseline)
    return Verdicts(Gate(fail_on, baseline), policy, facts)


def write_findings(obj: CheckedObject, findings: Sequence[PolicyFinding], out: TextIO) -> None:
    """Print what a policy found, one line each."""
    for found in findings:
        where = f" on {', '.join(found.kernels)}" if found.kernels else ""
        what = " in ".join(part for part in (found.kfunc, found.program) if part)
        reason = f": {found.reason}" if found.reason else ""
        subject = f" {what}" if what else ""
        line = f"{obj.file}: policy {found.effect} ({found.rule}){subject}{where}{reason}"
        out.write(printable(line) + "\n")


def _on_deciding(obj: CheckedObject, options: ReportOptions) -> CheckedObject:
    from dataclasses import replace

    return replace(
        obj,
        verdicts=tuple(item for item in obj.verdicts if decides(item.kernel, options)),
        unchecked=tuple(item for item in obj.unchecked if decides(item.kernel, options)),
    )


def _read_policy(path: str) -> Policy:
    from verifier.engine.policy.reading import PolicyError, read_policy
    from verifier.engine.policy.yaml_lines import MAX_BYTES

    try:
        return read_policy(_read(path, 2 * MAX_BYTES))
    except PolicyError as error:
        said = "\n".join(f"  {path}, {problem}" for problem in error.problems)
        raise CommandFailedError(f"the policy cannot be used:\n{said}") from error


def read_baseline_file(path: str) -> Baseline:
    """Return what an earlier report has found. Raises CommandFailedError."""
    try:
        return read_baseline(_read(path, _MAX_BASELINE))
    except BaselineError as error:
        raise CommandFailedError(f"{path} is not a baseline: {error}") from error


def _read(path: str, limit: int) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise CommandFailedError(f"{path} is larger than {limit >> 20 or 1} MB")
        return data.decode()
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandFailedError(f"{path} is not UTF-8 text") from error
