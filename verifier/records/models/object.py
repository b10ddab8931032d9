"""Objects by the hash of their bytes, their programs, and the kfunc calls in reach of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from verifier.records.models.job import Job


class BpfObject(models.Model):
    """An ELF file, known by its SHA-256; the bytes are in `verifier.jobs.files`.

    `read_at` is empty until it was read; `problem` says why it cannot be checked. `loader` holds
    what its loader does, as its users said last; `loader_key` is "" for nothing.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    file_name = models.CharField(max_length=255, help_text="as first uploaded")
    size = models.PositiveBigIntegerField()
    license = models.CharField(max_length=200, blank=True)
    notes = models.JSONField(default=list, blank=True)
    problem = models.TextField(blank=True)
    loader = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),  # releases before this one know none
        blank=True,
        help_text="as options of verify, by option",
    )
    loader_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "object"

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        """Return the address of the object's page."""
        return reverse("object", args=[self.sha256])

    @property
    def latest_job(self) -> Job | None:
        """Return the latest job; with `prefetch_related("jobs")` it costs no query."""
        return next(iter(self.jobs.all()), None)


class Program(models.Model):
    """An entry function. `struct_ops` lists {"type", "member", "map"}."""

    object = models.ForeignKey(BpfObject, on_delete=models.CASCADE, related_name="programs")
    position = models.PositiveIntegerField()
    name = models.TextField()
    section = models.TextField()
    program_type = models.CharField(max_length=100)
    attach_type = models.CharField(max_length=100, blank=True)
    target = models.TextField(blank=True)
    struct_ops = models.JSONField(default=list, blank=True)
    sleepable = models.BooleanField(default=False)
    optional = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["object", "position"], name="one_program_a_position")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def context(self) -> str:
        """Return in short where the program runs."""
        uses = [f"{use['type']}.{use['member']}" for use in self.struct_ops]
        return ", ".join(uses) or self.section


class Call(models.Model):
    """A kfunc call that a program can reach, by its shortest path. `path` lists steps."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="calls")
    kfunc = models.CharField(max_length=255, db_index=True)
    weak = models.BooleanField()
    instruction = models.PositiveIntegerField()
    path = models.JSONField()
    file = models.CharField(max_length=500, blank=True)
    line = models.PositiveIntegerField(default=0)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["program", "kfunc", "instruction"]

    def __str__(self) -> str:
        return f"{self.program} calls {self.kfunc}"
