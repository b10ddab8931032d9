"""Where an imported kernel came from, and what it was taken in spite of."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kfmap.catalogue.models import Kernel


class Provenance(models.Model):
    """What an imported kernel was read from, for its page."""

    kernel = models.OneToOneField(Kernel, on_delete=models.CASCADE, related_name="provenance")
    source = models.CharField(max_length=500, help_text="where its tree was, in words")
    commit = models.CharField(max_length=64, blank=True)
    description = models.CharField(max_length=200, blank=True, help_text="git describe")
    dirty = models.BooleanField(default=False, help_text="files differed from the commit")
    remarks = models.JSONField(default=list, help_text="what was said when it was read")
    doubts = models.JSONField(default=list, help_text="what it was taken in spite of")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "provenances"

    def __str__(self) -> str:
        return f"where {self.kernel} came from"

    @property
    def commit_in_words(self) -> str:
        """Return the commit for people, "" where the tree was no git checkout."""
        if not self.commit:
            return ""
        text = f"commit {self.commit[:12]}"
        if self.description and not self.commit.startswith(self.description):
            text += f" ({self.description})"
        return f"{text}, with changes that were not committed" if self.dirty else text
