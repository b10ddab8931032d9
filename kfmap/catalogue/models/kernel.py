"""A kernel of the map: its facts as one compressed text, and what lists need of them."""

from __future__ import annotations

from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse

from kfmap.catalogue.agreement import Agreement, load_agreements
from kfmap.kernel.facts import EVERY_OPTION_ON

validate_kernel_name = RegexValidator(
    r"\A[0-9A-Za-z][0-9A-Za-z._+~-]{0,62}\Z",
    "A kernel's name has letters, digits and . _ + ~ - only, such as 7.2 or 7.2-all.",
)


class KernelQuerySet(models.QuerySet["Kernel"]):
    """Questions about many kernels. What is compressed is left out unless asked for."""

    def listed(self) -> Self:
        """Return the kernels oldest first, without their facts and options."""
        return self.defer("facts", "config").order_by("sort_key", "-name")

    def newest_first(self) -> Self:
        """Return the kernels as lists show them, without their facts and options."""
        return self.listed().reverse()


class Kernel(models.Model):
    """One kernel's facts. `facts_hash` is their identity in verdicts and matrices."""

    class Source(models.TextChoices):
        """How the facts came into the map."""

        BUNDLED = "bundled", "came with kfmap"
        IMPORTED = "imported", "imported here"
        VARIANT = "variant", "a variant made here"
        ESTIMATE = "estimate", "an estimate: rules of another kernel"

    name = models.CharField(max_length=63, unique=True, validators=[validate_kernel_name])
    sort_key = models.CharField(
        max_length=120, db_index=True, editable=False, help_text="kernel_order.release_key"
    )
    version = models.CharField(max_length=100)
    label = models.CharField(max_length=300, blank=True)
    profile = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    source_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the bundled files"
    )
    facts_hash = models.CharField(max_length=64, db_index=True)
    facts = models.BinaryField(help_text="the facts as JSON, compressed with zstd")
    config = models.BinaryField(
        default=b"", help_text="what its .config sets, compressed with zstd; empty: not known"
    )
    kfunc_count = models.PositiveIntegerField()
    set_count = models.PositiveIntegerField()
    struct_ops_count = models.PositiveIntegerField()
    not_understood_count = models.PositiveIntegerField()
    has_rules = models.BooleanField(
        default=True, help_text="no: its verdicts were asked of the running kernel"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = KernelQuerySet.as_manager()

    class Meta:
        ordering = ["-sort_key", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the kernel's page."""
        return reverse("kernel", args=[self.name])

    @property
    def released(self) -> bool:
        """Return whether it has rules of its own, and is no tree with every option on."""
        return self.has_rules and self.is_release

    @property
    def is_release(self) -> bool:
        """Return whether it is what somebody released, its rules known or not."""
        return self.is_built and self.source not in (self.Source.VARIANT, self.Source.ESTIMATE)

    @property
    def estimate(self) -> str:
        """Return what answers are, of a kernel that has the rules of another one; "" of others."""
        return self.label if self.source == self.Source.ESTIMATE else ""

    @property
    def is_built(self) -> bool:
        """Return whether somebody could have built it: nobody has every option on."""
        return self.profile != EVERY_OPTION_ON

    @property
    def agreement(self) -> Agreement | None:
        """Return how far it was compared with the booted kernel; None unless it came with kfmap."""
        return load_agreements().get(self.name) if self.source == self.Source.BUNDLED else None


class KernelTypes(models.Model):
    """The types (BTF) of a kernel, apart from it for they are large."""

    kernel = models.OneToOneField(Kernel, on_delete=models.CASCADE, related_name="types")
    data = models.BinaryField(help_text="BTF, compressed with zstd")
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "kernel types"

    def __str__(self) -> str:
        return f"types of {self.kernel}"


class KernelFunctions(models.Model):
    """The names of all functions of a kernel, as `kfmap.btf.function_names` packs them."""

    kernel = models.OneToOneField(Kernel, on_delete=models.CASCADE, related_name="functions")
    data = models.BinaryField(help_text="names of functions, packed")

    class Meta:
        verbose_name_plural = "kernel functions"

    def __str__(self) -> str:
        return f"functions of {self.kernel}"
