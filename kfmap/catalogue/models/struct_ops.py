"""Ops structures and their members."""

from __future__ import annotations

from django.db import models

from kfmap.catalogue.models.kernel import Kernel


class StructOpsType(models.Model):
    """A struct registered as `bpf_struct_ops` under `variable`."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="struct_ops")
    name = models.CharField(max_length=100, db_index=True)
    variable = models.CharField(max_length=100)
    owner = models.CharField(max_length=100)
    file = models.CharField(max_length=300)
    line = models.PositiveIntegerField()

    class Meta:
        ordering = ["name"]
        verbose_name = "ops structure"
        constraints = [
            models.UniqueConstraint(fields=["kernel", "name"], name="one_struct_ops_a_kernel")
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A member of an ops structure; `offset` in bytes, `supported` empty where not known."""

    struct_ops = models.ForeignKey(StructOpsType, on_delete=models.CASCADE, related_name="members")
    name = models.CharField(max_length=100)
    offset = models.PositiveIntegerField()
    callback = models.BooleanField()
    prototype = models.TextField(blank=True)
    supported = models.BooleanField(null=True)
    sleepable = models.CharField(max_length=10)
    needs = models.CharField(max_length=200, blank=True)
    file = models.CharField(max_length=300, blank=True)
    line = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["struct_ops", "offset"]

    def __str__(self) -> str:
        return f"{self.struct_ops}.{self.name}"
