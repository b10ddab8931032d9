"""Spaces and their members."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils.text import slugify

from verifier.spaces.access import Reader, spaces_where
from verifier.spaces.roles import Action, Role, Visibility

SHARED = "shared"
LONGEST_SLUG, LONGEST_NAME, LONGEST_ABOUT = 60, 100, 2_000
MOST_DAYS = 3650


class SpaceQuerySet(models.QuerySet["Space"]):
    """Questions about many spaces, and the spaces that make themselves."""

    def visible_to(self, user: Reader) -> Self:
        """Return the spaces that somebody may see."""
        return self.where(user, Action.SEE)

    def where(self, user: Reader, action: Action) -> Self:
        """Return the spaces where somebody may do something."""
        return self.filter(spaces_where(user, action))

    def staying(self) -> Self:
        """Leave out what is being removed: it is open to administrators, and nobody works there."""
        return self.filter(ending=None)

    def shared(self) -> Space:
        """Return the space of uploads that nobody put into another: all accounts work in it."""
        return self.get_or_create(
            slug=SHARED,
            defaults={
                "name": "Shared",
                "visibility": Visibility.ACCOUNTS,
                "accounts_role": Role.REVIEWER,
            },
        )[0]

    def personal(self, user: User) -> Space:
        """Return somebody's own space; it is made when it is first asked for."""
        found = self.filter(owner=user).first()
        if found is not None:
            return found
        with transaction.atomic():
            space, is_new = self.get_or_create(
                owner=user,
                defaults={"name": f"{user.username}'s space", "slug": self._free_slug(user)},
            )
            if is_new:
                space.memberships.create(user=user, role=Role.MAINTAINER)
        return space

    def _free_slug(self, user: User) -> str:
        slug = slugify(user.username)[:LONGEST_SLUG]
        return slug if slug and not self.filter(slug=slug).exists() else f"user-{user.pk}"

    def home_of(self, user: User | None) -> Space:
        """Return where an upload goes that names no space."""
        return self.personal(user) if user is not None else self.shared()


class Space(models.Model):
    """People, their uploads, and what they agreed on for these.

    `owner`: whose personal space it is. `accounts_role`: what everybody with an account may do in a
    space that is not private. `kernels`: the names of those the space cares for, all where empty.
    """

    slug = models.SlugField(max_length=LONGEST_SLUG, unique=True)
    name = models.CharField(max_length=LONGEST_NAME)
    about = models.TextField(blank=True, max_length=LONGEST_ABOUT)
    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,  # `records.endings` ends it with its owner, uploads and all
        null=True,
        blank=True,
        related_name="personal_space",
    )
    visibility = models.CharField(
        max_length=10, choices=Visibility, default=Visibility.PRIVATE, db_index=True
    )
    accounts_role = models.CharField(max_length=10, choices=Role, blank=True)
    kernels = models.JSONField(default=list, blank=True)
    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="uploads go after so many days; empty: they stay",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SpaceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the space's page."""
        return reverse("space", args=[self.slug])

    @property
    def is_personal(self) -> bool:
        """Return whether it is somebody's own."""
        return self.owner_id is not None


class Membership(models.Model):
    """What one person is in one space."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="space_memberships"
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.READER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(fields=["space", "user"], name="one_membership_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.space}"
