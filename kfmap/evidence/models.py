"""Evidence by the hash of its bytes, with how it agreed when it came."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse


class Evidence(models.Model):
    """A document of the probe. `kernel` names the kernel of the map that answered, "" for none.

    `compared`, `equal` and `undetermined` count cells, as they were when it came.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    release = models.CharField(max_length=128)
    build = models.TextField(blank=True)
    kernel = models.CharField(max_length=63, blank=True, db_index=True)
    data = models.BinaryField(help_text="the document, compressed with zstd")
    cells = models.PositiveIntegerField()
    compared = models.PositiveIntegerField(default=0)
    equal = models.PositiveIntegerField(default=0)
    undetermined = models.PositiveIntegerField(default=0)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="evidence"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"evidence of {self.release}"

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("evidence", args=[self.sha256])

    @property
    def differing(self) -> int:
        """Return how many cells differed."""
        return self.compared - self.equal
