"""Policies of spaces: every version stays, one of each name is in force."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.urls import reverse

from verifier.spaces.models.space import Space


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    """Questions about many versions."""

    def in_force(self) -> Self:
        """Return those that objects are held against now."""
        return self.filter(is_in_force=True)

    def keep(self, space: Space, slug: str, text: str, author: User) -> PolicyVersion:
        """Put a new version in force, in place of the one before; the same text is no new one."""
        with transaction.atomic():
            Space.objects.select_for_update().get(pk=space.pk)  # numbers are given one by one
            before = self.filter(space=space, slug=slug)
            if same := before.in_force().filter(text=text).first():
                return same
            number = (before.aggregate(last=models.Max("number"))["last"] or 0) + 1
            before.update(is_in_force=False)
            return self.create(
                space=space, slug=slug, number=number, text=text, author=author, is_in_force=True
            )


class PolicyVersion(models.Model):
    """One version of a policy; its text was read before it was kept, so it can be read."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="policies")
    slug = models.SlugField(max_length=60)
    number = models.PositiveIntegerField()
    text = models.TextField()
    is_in_force = models.BooleanField(default=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        ordering = ["slug", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["space", "slug", "number"], name="one_version_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.number}"

    def get_absolute_url(self) -> str:
        """Return the address of the policy."""
        return reverse("space-policy", args=[self.space.slug, self.slug])
