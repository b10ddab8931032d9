"""What spaces agreed on about objects, as reports tell it: waivers of findings, and policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kfmap.catalogue.models import Kernel
from verifier.engine.policy.judging import judge
from verifier.engine.policy.model import PolicyFinding
from verifier.engine.policy.reading import read_policy
from verifier.engine.reports import CheckedObject
from verifier.engine.reports.causes import find_causes
from verifier.engine.reports.model import HeldUnder, Waived
from verifier.records.models import BpfObject, SubmittedFile, Waiver
from verifier.records.policies import load_facts
from verifier.spaces.access import Reader
from verifier.spaces.models import PolicyVersion, Space

_MOST_FINDINGS = 20  # of a policy in an object; the page of the object has all


def find_spaces(objects: Iterable[BpfObject], reader: Reader) -> list[Space]:
    """Return the spaces that have any of the objects and that somebody may see."""
    files = SubmittedFile.objects.filter(object__in=list(objects))
    there = Space.objects.visible_to(reader).filter(pk__in=files.values("submission__space"))
    return list(there.order_by("slug"))


def load_waivers(checked: Sequence[CheckedObject], spaces: Sequence[Space]) -> Iterator[Waived]:
    """Return the waivers that count now for findings of the objects."""
    rows = list(
        Waiver.objects.active()
        .filter(space__in=spaces)
        .select_related("owner", "space")
        .order_by("space__slug", "pk")
    )
    if not rows:
        return
    found = {cause.fingerprint for obj in checked for cause in find_causes(obj).shown}
    for row in rows:
        if row.fingerprint in found:
            yield Waived(
                row.fingerprint,
                row.finding,
                row.reason,
                str(row.owner or "somebody whose account is gone"),
                f"{row.expires_at:%Y-%m-%d}",
                row.space.name,
            )


def hold_checked(
    checked: Sequence[CheckedObject], spaces: Sequence[Space], kernels: Sequence[Kernel]
) -> Iterator[HeldUnder]:
    """Return each object under each policy in force; those without verdicts yet are left out."""
    versions = PolicyVersion.objects.in_force().filter(space__in=spaces).select_related("space")
    policies = [(row, read_policy(row.text)) for row in versions.order_by("space__slug", "slug")]
    for obj in checked if policies else ():
        if obj.summary is None or not obj.verdicts:
            continue
        facts = load_facts(kernels, obj)
        for row, policy in policies:
            judged = judge(policy, obj, facts)
            said = list(dict.fromkeys(_describe(found) for found in judged.findings))
            left = len(said) - _MOST_FINDINGS
            more = [f"and {left} more"] if left > 0 else []
            yield HeldUnder(
                obj.file,
                row.space.name,
                row.slug,
                row.number,
                judged.effect,
                (*said[:_MOST_FINDINGS], *more),
            )


def _describe(found: PolicyFinding) -> str:
    what = " in ".join(part for part in (found.kfunc, found.program) if part)
    where = f" on {', '.join(found.kernels)}" if found.kernels else ""
    subject = f" {what}" if what else ""
    return f"{found.effect} ({found.rule}){subject}{where}: {found.reason}"
