"""A policy as values: rules in their order, and what verdicts and unmatched calls count for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kfmap.quick_dataclass import dataclass

VERSION = 1


class Effect(StrEnum):
    """What comes of a call or a verdict."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


WORST_FIRST = (Effect.DENY, Effect.WARN, Effect.ALLOW)


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks for: each part that is given has to fit; in a part one pattern has to.

    `foreign`: whether the kfunc is another struct_ops type's own; None: it does not matter.
    """

    parts: Mapping[str, tuple[str, ...]]
    foreign: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether it fits every call."""
        return not self.parts and self.foreign is None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `line` is where it stands in the file."""

    id: str
    effect: Effect
    match: Match
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole file. `kernels`: patterns of those it is about, all where empty."""

    name: str
    description: str
    kernels: tuple[str, ...]
    rules: tuple[Rule, ...]
    default: Effect
    verdicts: Mapping[str, Effect]


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """What a policy denies or warns of in one program; `kernels` in the order of the report.

    `rule` is the rule's id, "default", "verdict" or "not checked"; `line` 0 where no rule says it.
    """

    effect: Effect
    rule: str
    program: str
    kfunc: str
    reason: str
    kernels: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An object under a policy."""

    findings: tuple[PolicyFinding, ...]

    @property
    def effect(self) -> Effect:
        """Return the worst of what was found."""
        found = {finding.effect for finding in self.findings}
        return next((effect for effect in WORST_FIRST if effect in found), Effect.ALLOW)
