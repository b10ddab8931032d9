"""A checked object under a policy: the first rule that fits a call decides what it counts for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from kfmap.quick_dataclass import dataclass
from verifier.engine.policy.kfunc_facts import KfuncFacts
from verifier.engine.policy.model import Effect, Judged, Match, Policy, PolicyFinding
from verifier.engine.reports.model import CheckedObject
from verifier.engine.result import WORDS, ProgramVerdict
from verifier.engine.summary import ProgramSummary

_NO_PROGRAM = ProgramSummary("", "", "", None, None, (), False, False, ())
_Key = tuple[Effect, str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class _Call:
    """One kfunc that a program calls in live code on a kernel."""

    kfunc: str
    program: ProgramSummary
    kernel: str
    facts: KfuncFacts

    def fits(self, match: Match) -> bool:
        """Return whether every part of a match fits."""
        parts = all(self._fits(part, patterns) for part, patterns in match.parts.items())
        return parts and match.foreign in (None, self._is_foreign())

    def _fits(self, part: str, patterns: Iterable[str]) -> bool:
        match part:
            case "kfunc":
                values: Iterable[str] = (self.kfunc,)
            case "kernel":
                return is_of_kernels(self.kernel, patterns)
            case "callback":
                uses = self.program.struct_ops
                values = (*(f"{use.type}.{use.member}" for use in uses), self.program.section)
            case "subsystem":
                values = self.facts.values(part, self.kfunc)
                patterns = [item for pattern in patterns for item in _under(pattern)]
            case _:
                values = self.facts.values(part, self.kfunc)
        return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)

    def _is_foreign(self) -> bool:
        return any(self.facts.is_foreign(self.kfunc, use.type) for use in self.program.struct_ops)


def is_of_kernels(kernel: str, patterns: Iterable[str]) -> bool:
    """Return whether a kernel is one of the patterns by name, or a build or variant of one."""
    return any(
        fnmatchcase(kernel, pattern) or kernel.startswith((f"{pattern}-", f"{pattern}."))
        for pattern in patterns
    )


def judge(policy: Policy, obj: CheckedObject, kernels: Mapping[str, KfuncFacts]) -> Judged:
    """Return what a policy finds in an object; `kernels` has every kernel that it was checked on.

    An object that could not be read is denied: nothing is known of it.
    """
    if obj.summary is None:
        return Judged((PolicyFinding(Effect.DENY, "not checked", "", "", obj.problem, ()),))
    programs = {program.name: program for program in obj.summary.programs}
    found: dict[_Key, dict[str, None]] = {}
    for kernel, row in obj.rows():
        if not policy.kernels or is_of_kernels(kernel, policy.kernels):
            program = programs.get(row.program, _NO_PROGRAM)
            for key in _judge_program(policy, row, program, kernel, kernels[kernel]):
                found.setdefault(key, {})[kernel] = None
    findings = [PolicyFinding(*key[:5], tuple(names), key[5]) for key, names in found.items()]
    return Judged((*findings, *_find_unchecked(policy, obj)))


def _judge_program(
    policy: Policy, row: ProgramVerdict, program: ProgramSummary, kernel: str, facts: KfuncFacts
) -> Iterator[_Key]:
    effect = policy.verdicts.get(row.verdict, Effect.ALLOW)
    if effect != Effect.ALLOW:
        yield effect, "verdict", row.program, "", WORDS[row.verdict], 0
    for kfunc in row.live_kfuncs:
        said = _decide(policy, _Call(kfunc, program, kernel, facts))
        if said[0] != Effect.ALLOW:
            yield said[0], said[1], row.program, kfunc, said[2], said[3]


def _decide(policy: Policy, call: _Call) -> tuple[Effect, str, str, int]:
    for rule in policy.rules:
        if call.fits(rule.match):
            return rule.effect, rule.id, rule.reason, rule.line
    return policy.default, "default", "no rule fits this call", 0


def _find_unchecked(policy: Policy, obj: CheckedObject) -> Iterator[PolicyFinding]:
    """Return the kernels of the policy on which nothing is known: that counts as unknown does."""
    effect = policy.verdicts["unknown"]
    if effect == Effect.ALLOW:
        return
    checked = [verdict.kernel for verdict in obj.verdicts]
    for item in obj.unchecked:
        if not policy.kernels or is_of_kernels(item.kernel, policy.kernels):
            yield PolicyFinding(effect, "not checked", "", "", item.problem, (item.kernel,))
    for pattern in policy.kernels:
        known = (*checked, *(item.kernel for item in obj.unchecked))
        if not any(is_of_kernels(kernel, [pattern]) for kernel in known):
            text = f"no kernel {pattern} was asked"
            yield PolicyFinding(effect, "not checked", "", "", text, ())


def _under(folder: str) -> tuple[str, str]:
    folder = folder.rstrip("/")
    return folder, f"{folder}/*"
