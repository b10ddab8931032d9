"""Verdicts by (object hash, kernel facts hash, engine version): none is asked for twice."""

from __future__ import annotations

from typing import Self

from django.db import models

from kfmap.permission.engine import ENGINE_VERSION
from verifier.engine import result
from verifier.records.models.object import BpfObject


class CheckQuerySet(models.QuerySet["Check"]):
    """Questions about many checks."""

    def current(self) -> Self:
        """Return those of this engine, for what the loaders of the objects do now."""
        return self.filter(engine_version=ENGINE_VERSION, loader_key=models.F("object__loader_key"))

    def current_of_row(self) -> Self:
        """Return those of the object of a question around this one."""
        return self.filter(
            object=models.OuterRef("pk"),
            engine_version=ENGINE_VERSION,
            loader_key=models.OuterRef("loader_key"),
        )

    def current_of(self, obj: BpfObject) -> Self:
        """Return those of one object at hand."""
        return self.filter(object=obj, engine_version=ENGINE_VERSION, loader_key=obj.loader_key)


class Check(models.Model):
    """One object on one kernel, checked, for what its loader was said to do then.

    `problem` says why it could not be checked.
    """

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="checks")
    facts_hash = models.CharField(max_length=64, db_index=True)
    engine_version = models.PositiveIntegerField()
    loader_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CheckQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object", "facts_hash", "engine_version", "loader_key"],
                name="one_check_an_object_facts_engine_and_loader",
            )
        ]

    def __str__(self) -> str:
        return f"{self.object} on {self.facts_hash[:12]}"


class Verdict(models.Model):
    """One program on one kernel."""

    class Word(models.TextChoices):
        """The words of verifier.engine.result."""

        PASSES = result.PASSES, result.WORDS[result.PASSES]
        REFUSED = result.REFUSED, result.WORDS[result.REFUSED]
        FAILS_AT_RUN_TIME = result.FAILS_AT_RUN_TIME, result.WORDS[result.FAILS_AT_RUN_TIME]
        UNKNOWN = result.UNKNOWN, result.WORDS[result.UNKNOWN]
        LEFT_OUT = result.LEFT_OUT, result.WORDS[result.LEFT_OUT]

    check_row = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="verdicts")
    program = models.TextField()
    verdict = models.CharField(max_length=20, choices=Word)
    live_kfuncs = models.JSONField(default=list)
    all_kfuncs = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.program}: {self.verdict}"


_KINDS = [(kind.value, kind.value) for kind in result.FindingKind]


class Finding(models.Model):
    """One thing said of one program on one kernel; `data` is the whole of it as in the reports."""

    verdict = models.ForeignKey(Verdict, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(
        max_length=20, choices=[(kind.value, kind.value) for kind in result.FindingKind]
    )
    kfunc = models.CharField(max_length=255, blank=True, db_index=True)
    data = models.JSONField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.kfunc}"
