"""A kernel that somebody made by editing another one's facts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kfmap.catalogue.models.kernel import Kernel


class Variant(models.Model):
    """The edits that lead from a kernel of the map to a variant, which is a kernel of its own.

    `edits` is in the form of kfmap.permission.what_if.edit_json; the base is named by the facts
    it had.
    """

    kernel = models.OneToOneField(Kernel, on_delete=models.CASCADE, related_name="variant")
    base_name = models.CharField(max_length=63)
    base_facts_hash = models.CharField(max_length=64)
    edits = models.JSONField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.kernel} from {self.base_name}"
