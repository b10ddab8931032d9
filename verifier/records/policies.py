"""Objects of a space under its policies, and what a new version of one would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import load_row
from verifier.engine.policy.judging import judge
from verifier.engine.policy.kfunc_facts import KfuncFacts
from verifier.engine.policy.model import Effect, Judged, Policy
from verifier.engine.policy.reading import read_policy
from verifier.engine.reports.model import CheckedObject
from verifier.records.models import BpfObject
from verifier.records.newest import ids_in
from verifier.records.store import load_all_checked, load_checked
from verifier.spaces.models import PolicyVersion, Space

MOST_OBJECTS = 300
_facts: Recent[tuple[int, str], KfuncFacts] = Recent(1024)  # some 0.3 MB for each


@dataclass(frozen=True, slots=True)
class Held:
    """An object under one policy of a space."""

    version: PolicyVersion
    judged: Judged


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a policy would change: objects that start to fail, that stop, that fail either way.

    `left_out` counts older objects that were not looked at, `unread` those without verdicts yet.
    """

    starts: tuple[BpfObject, ...]
    stops: tuple[BpfObject, ...]
    still: int
    looked_at: int
    unread: int
    left_out: int

    @property
    def nothing_passes(self) -> bool:
        """Return whether every object that was looked at fails."""
        return bool(self.looked_at) and len(self.starts) + self.still == self.looked_at


def load_policies(spaces: Sequence[Space]) -> list[PolicyVersion]:
    """Return the policies in force of spaces, with their spaces, in one query."""
    if not spaces:
        return []
    rows = PolicyVersion.objects.in_force().filter(space__in=spaces)
    return list(rows.select_related("space"))


def hold(obj: BpfObject, versions: Sequence[PolicyVersion]) -> list[Held]:
    """Return an object under each of the policies."""
    if not versions:
        return []
    kernels = list(Kernel.objects.listed())
    checked = load_checked(obj, kernels)
    facts = load_facts(kernels, checked)
    return [Held(row, judge(read_policy(row.text), checked, facts)) for row in versions]


def try_policy(space: Space, policy: Policy, before: Policy | None) -> DryRun:
    """Hold the newest objects of a space against a policy and against the one it would replace."""
    ids = ids_in(space)
    newest = BpfObject.objects.in_space(space).filter(pk__in=list(ids[:MOST_OBJECTS]))
    kernels = list(Kernel.objects.listed())
    starts, stops, still, unread = [], [], 0, 0
    shown = list(newest)
    for obj, checked in zip(shown, load_all_checked(shown, kernels), strict=True):
        if checked.summary is None or not checked.verdicts:
            unread += 1
            continue
        facts = load_facts(kernels, checked)
        fails = _denies(policy, checked, facts)
        failed = before is not None and _denies(before, checked, facts)
        still += fails and failed
        if fails and not failed:
            starts.append(obj)
        if failed and not fails:
            stops.append(obj)
    left_out = ids.count() - len(shown)
    return DryRun(tuple(starts), tuple(stops), still, len(shown) - unread, unread, left_out)


def load_facts(kernels: Iterable[Kernel], checked: CheckedObject) -> Mapping[str, KfuncFacts]:
    """Return what rules ask of the kernels that an object was checked on."""
    names = {verdict.kernel for verdict in checked.verdicts}
    return {row.name: _facts_of(row) for row in kernels if row.name in names}


def _facts_of(row: Kernel) -> KfuncFacts:
    key = row.pk, row.facts_hash
    return _facts.recall(key, lambda: KfuncFacts(lambda: load_row(row).decider))


def _denies(policy: Policy, checked: CheckedObject, facts: Mapping[str, KfuncFacts]) -> bool:
    return judge(policy, checked, facts).effect == Effect.DENY
