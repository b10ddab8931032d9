"""Matrices kept by what they follow from, so that none is decided twice."""

from __future__ import annotations

from django.db import models


class StoredMatrix(models.Model):
    """The matrix of one (facts, engine); `data` is its JSON, compressed with zstd."""

    facts_hash = models.CharField(max_length=64)
    engine_version = models.PositiveIntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "stored matrices"
        constraints = [
            models.UniqueConstraint(
                fields=["facts_hash", "engine_version"], name="one_matrix_a_facts_and_engine"
            )
        ]

    def __str__(self) -> str:
        return f"matrix of {self.facts_hash[:12]}, engine {self.engine_version}"
