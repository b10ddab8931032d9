"""Reviews: what people say of an object's verdicts, for the others in its space."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models

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


class Review(models.Model):
    """What one person said of the verdicts that stood then; it is never changed.

    `seen` maps the names of kernels to the verdict of the program that fared worst there.
    """

    class Decision(models.TextChoices):
        """What the reviewer makes of the object."""

        SIGNED_OFF = "signed_off", "signed off"
        CHANGES = "changes", "asks for changes"
        REMARK = "remark", "remarks"

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
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.author or 'somebody'}: {self.get_decision_display()}"
