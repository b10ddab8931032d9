"""What pages over all kernels read instead of the kernels: a row per kernel and function.

Everything here follows from the facts and the engine, and is made again where it is missing.
"""

from __future__ import annotations

from django.db import models


class KernelRows(models.Model):
    """The rows of one (facts, engine), and what lists of kernels need of it.

    `families` counts the contexts of each group by class: `[["program types", {"0": 12}], …]`.
    Contexts of one class have the same outcome for every function. `names` is a set of the ids of
    MapName, as a number in hexadecimal; `parts` are the program types and hooks that it knows.
    """

    facts_hash = models.CharField(max_length=64)
    engine_version = models.PositiveIntegerField()
    families = models.JSONField()
    names = models.TextField()
    parts = models.JSONField()
    absent = models.TextField(
        help_text="outcome of a kfunc that it does not have, a letter per class"
    )
    knows_helpers = models.BooleanField()
    functions_of = models.CharField(
        max_length=64, blank=True, help_text="which kfuncs of other kernels were looked for in it"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "rows of kernels"
        constraints = [
            models.UniqueConstraint(
                fields=["facts_hash", "engine_version"], name="one_rows_per_facts_and_engine"
            )
        ]

    def __str__(self) -> str:
        return f"rows of {self.facts_hash[:12]}, engine {self.engine_version}"


class FunctionRow(models.Model):
    """A kfunc or a helper on one kernel: `letters` has its outcome in each class of contexts.

    A plain function is one that other kernels have as a kfunc; it has no outcomes.
    """

    class Kind(models.TextChoices):
        """What a name is on a kernel."""

        KFUNC = "kfunc"
        HELPER = "helper"
        FUNCTION = "function"

    of = models.ForeignKey(KernelRows, on_delete=models.CASCADE, related_name="functions")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind)
    flags = models.CharField(max_length=500, blank=True)
    prototype = models.TextField(blank=True)
    letters = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "of"], name="one_row_per_function")]

    def __str__(self) -> str:
        return self.name


class ContextRow(models.Model):
    """A context on one kernel: its class, and how many kfuncs it may call.

    `listed`: the matrix has it; others are its forms that may sleep.
    """

    of = models.ForeignKey(KernelRows, on_delete=models.CASCADE, related_name="contexts")
    name = models.CharField(max_length=300)
    listed = models.BooleanField()
    at = models.PositiveIntegerField()
    allowed = models.PositiveIntegerField()
    asleep = models.PositiveIntegerField()
    fails = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "of"], name="one_row_per_context")]

    def __str__(self) -> str:
        return self.name


class MapName(models.Model):
    """A name that some kernel has, once for all kernels; `detail` is what else is searched."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=300)
    detail = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "detail"], name="one_row_per_name")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
