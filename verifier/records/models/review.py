"""Reviews: what people say of an object's verdicts, for the others in its space."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from verifier.records.models.object import BpfObject
from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.models import Space

MAX_TEXT = 5_000


class ReviewQuerySet(models.QuerySet["Review"]):
    """Questions about many reviews."""

    def visible_to(self, user: Reader) -> Self:
        """Return what was said in spaces that somebody may see, and before there were spaces."""
        if sees_everything(user):
            return self.all()
        spaces = Space.objects.visible_to(user).values("pk")
        return self.filter(models.Q(space=None) | models.Q(space__in=spaces))

    def counting_in(self, space: Space) -> Self:
        """Return those that `Review.counts_in` the space."""
        return self.filter(models.Q(space=None) | models.Q(space=space))


class Review(models.Model):
    """What one person said of the verdicts that stood then; it is never changed.

    `seen` maps the names of kernels to the verdict of the program that fared worst there; `binds`
    has the facts, policies, engine and loader that a decision stands on. `fingerprint` names the
    finding that a remark is about, "" for the object.
    """

    class Decision(models.TextChoices):
        """What the reviewer makes of the object."""

        SIGNED_OFF = "signed_off", "signed off"
        CHANGES = "changes", "requested changes"
        REJECTED = "rejected", "rejected"
        REMARK = "remark", "commented"

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="reviews"
    )
    space = models.ForeignKey(
        Space,
        on_delete=models.CASCADE,
        null=True,
        related_name="reviews",
        help_text="whose members read it; none for what was said before there were spaces",
    )
    decision = models.CharField(max_length=10, choices=Decision)
    text = models.TextField(blank=True, max_length=MAX_TEXT)
    seen = models.JSONField(default=dict)
    binds = models.JSONField(
        default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    fingerprint = models.CharField(max_length=32, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.author or 'somebody'}: {self.get_decision_display()}"

    def counts_in(self, space: Space | None) -> bool:
        """Return whether it was made in a space, None for no space, or before there were spaces.

        One made in another space decides nothing here: whoever has the same bytes could make it.
        """
        return self.space_id is None or (space is not None and self.space_id == space.pk)


class WaiverQuerySet(models.QuerySet["Waiver"]):
    """Questions about many waivers."""

    def active(self) -> Self:
        """Return those that count now: neither expired nor withdrawn."""
        return self.filter(withdrawn_at=None, expires_at__gt=timezone.now())


class Waiver(models.Model):
    """Somebody answers for a finding in a space, in every version of an object, for some time."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="waivers")
    fingerprint = models.CharField(max_length=32, db_index=True)
    finding = models.CharField(max_length=500, help_text="what it said then")
    reason = models.TextField(max_length=MAX_TEXT)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="waivers"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.finding} until {self.expires_at:%Y-%m-%d}"


class Assignment(models.Model):
    """Somebody is asked to review an object in a space; it goes when they decide."""

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="assignments")
    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="assignments")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["object", "space", "reviewer"], name="one_assignment_a_reviewer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.object}"
