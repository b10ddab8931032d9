"""Submissions: what somebody uploaded at once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse

from verifier.records.models.object import BpfObject


class Submission(models.Model):
    """One upload of one or several files."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="submissions"
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"submission {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address of the submission's page."""
        return reverse("submission", args=[self.pk])


class SubmittedFile(models.Model):
    """A file of a submission: an object, or the reason why it is none."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="files")
    object = models.ForeignKey(
        BpfObject, on_delete=models.CASCADE, null=True, related_name="submitted"
    )
    name = models.CharField(max_length=255)
    problem = models.TextField(blank=True)
    known_before = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
