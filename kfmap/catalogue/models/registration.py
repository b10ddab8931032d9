"""How sets reach programs: hooks, the program types on them, registrations, filters."""

from __future__ import annotations

from django.db import models

from kfmap.catalogue.models.kernel import Kernel
from kfmap.catalogue.models.kfunc import KfuncSet


class Hook(models.Model):
    """A BTF_KFUNC_HOOK_* bucket; `position` is its place in the kernel's enum."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="hooks")
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["kernel", "name"], name="one_hook_a_kernel")]

    def __str__(self) -> str:
        return self.name


class ProgramType(models.Model):
    """A program type and the hook the kernel gives it; none stands for the common hook only."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="program_types")
    name = models.CharField(max_length=100)
    value = models.IntegerField()
    hook = models.ForeignKey(
        Hook, on_delete=models.CASCADE, null=True, related_name="program_types"
    )

    class Meta:
        ordering = ["value"]

    def __str__(self) -> str:
        return self.name


class Filter(models.Model):
    """A `btf_kfunc_filter_t`; its rule is in the kernel's facts."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="filters")
    filter_id = models.CharField(max_length=300)
    name = models.CharField(max_length=200)
    file = models.CharField(max_length=300)
    line = models.PositiveIntegerField()

    class Meta:
        ordering = ["filter_id"]

    def __str__(self) -> str:
        return self.filter_id


class Registration(models.Model):
    """One `register_btf_kfunc_id_set(program type, kfunc id set)` that the kernel reaches."""

    kernel = models.ForeignKey(Kernel, on_delete=models.CASCADE, related_name="registrations")
    program_type = models.CharField(max_length=100)
    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="registrations")
    kfunc_set = models.ForeignKey(KfuncSet, on_delete=models.CASCADE, related_name="registrations")
    filter = models.ForeignKey(
        Filter, on_delete=models.CASCADE, null=True, related_name="registrations"
    )
    kfunc_id_set = models.CharField(max_length=200)
    owner = models.CharField(max_length=100)
    file = models.CharField(max_length=300)
    line = models.PositiveIntegerField()

    class Meta:
        ordering = ["hook__position", "file", "line"]

    def __str__(self) -> str:
        return f"{self.program_type}: {self.kfunc_id_set}"
