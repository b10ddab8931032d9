"""A policy comes into force or ends: written down, and told to the other maintainers."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse

from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry, Event, Kind, PolicyVersion, Space
from verifier.spaces.roles import Role


@transaction.atomic
def keep_policy(space: Space, slug: str, text: str, by: User) -> PolicyVersion:
    """Put a text in force and return its version; the text that is in force already stays."""
    before = space.policies.in_force().filter(slug=slug).first()
    kept = PolicyVersion.objects.keep(space, slug, text, by)
    if before is None or before.pk != kept.pk:
        AuditEntry.objects.record(space, by, "policy kept", slug, number=kept.number)
        said = f"Version {kept.number} of the policy {slug} came into force in {space}"
        _announce(by, space, Kind.POLICY_KEPT, said, slug)
    return kept


@transaction.atomic
def end_policy(space: Space, slug: str, by: Reader) -> None:
    """Take a policy out of force; its versions stay."""
    if space.policies.filter(slug=slug, is_in_force=True).update(is_in_force=False):
        AuditEntry.objects.record(space, by, "policy ended", slug)
        said = f"{by} took the policy {slug} out of force in {space}"
        _announce(by, space, Kind.POLICY_ENDED, said, slug)


def _announce(by: Reader, space: Space, kind: Kind, text: str, slug: str) -> None:
    maintainers = User.objects.filter(
        space_memberships__space=space, space_memberships__role=Role.MAINTAINER
    )
    url = reverse("space-policy", args=[space.slug, slug])
    others = maintainers.exclude(username=str(by))
    Event.objects.announce(space, kind, text, url, others, policy=slug, by=str(by))
