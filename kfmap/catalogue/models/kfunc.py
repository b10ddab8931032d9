"""Kfuncs, the sets they are in, and their entries there."""

from __future__ import annotations

from django.db import models

from kfmap.catalogue.models.kernel import Kernel


class Kfunc(models.Model):
    """A kernel function that some registered set exposes."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="kfuncs")
    name = models.CharField(max_length=200, db_index=True)
    owner = models.CharField(max_length=100)
    prototype = models.TextField(blank=True)
    flags = models.CharField(max_length=500, blank=True, help_text="KF_* of all its entries")
    file = models.CharField(max_length=300, blank=True)
    line = models.PositiveIntegerField(default=0)
    tagged = models.BooleanField(null=True)
    callable_in_btf = models.BooleanField(null=True)
    device_bound = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["kernel", "name"], name="one_kfunc_a_kernel"),
        ]

    def __str__(self) -> str:
        return self.name


class KfuncSet(models.Model):
    """A set of BTF ids; `set_id` is its name, or name@file where several files use one name."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="sets")
    set_id = models.CharField(max_length=300)
    name = models.CharField(max_length=200, db_index=True)
    kind = models.CharField(max_length=10)
    owner = models.CharField(max_length=100)
    file = models.CharField(max_length=300)
    line = models.PositiveIntegerField()

    class Meta:
        ordering = ["set_id"]
        constraints = [
            models.UniqueConstraint(fields=["kernel", "set_id"], name="one_set_a_kernel"),
        ]

    def __str__(self) -> str:
        return self.set_id


class SetEntry(models.Model):
    """One id in one set. `kfunc` is empty for ids that are not kfuncs (LSM hooks, structs)."""

    kfunc_set = models.ForeignKey(KfuncSet, on_delete=models.CASCADE, related_name="entries")
    kfunc = models.ForeignKey(Kfunc, on_delete=models.CASCADE, null=True, related_name="entries")
    name = models.CharField(max_length=200)
    flags = models.CharField(max_length=300, blank=True)
    condition = models.TextField(blank=True)
    file = models.CharField(max_length=300)
    line = models.PositiveIntegerField()

    class Meta:
        ordering = ["kfunc_set", "line"]
        verbose_name_plural = "set entries"

    def __str__(self) -> str:
        return self.name
