"""The map in Django's admin, to look at: facts come from kernels, so nobody edits them by hand."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from kfmap.admin_lists import BriefChoices, LongListAdmin
from kfmap.catalogue import models


class ReadOnlyAdmin(LongListAdmin):
    """Lists, shows and removes rows; nobody writes them by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows are made from facts."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a changed row would contradict the facts."""
        return False


@admin.register(models.Kernel)
class KernelAdmin(ReadOnlyAdmin):
    """Kernels; removing one removes its rows."""

    ordering = ("-sort_key", "name")
    sortable_by = ("name", "version", "source", "profile", "kfunc_count", "not_understood_count")

    list_display = ("name", "version", "source", "profile", "kfunc_count", "not_understood_count")
    list_filter = ("source", "profile")
    search_fields = ("name", "version", "label")
    exclude = ("facts", "config")


class PartOfKernelAdmin(ReadOnlyAdmin):
    """Rows that go when their kernel goes, and only then."""

    list_filter = (("kernel", BriefChoices),)


@admin.register(models.Kfunc)
class KfuncAdmin(PartOfKernelAdmin):
    list_display = ("name", "kernel", "owner", "flags", "callable_in_btf")
    list_select_related = ("kernel",)
    search_fields = ("name",)


@admin.register(models.KfuncSet)
class KfuncSetAdmin(PartOfKernelAdmin):
    list_display = ("set_id", "kernel", "kind", "owner", "file", "line")
    list_select_related = ("kernel",)
    search_fields = ("name",)


@admin.register(models.SetEntry)
class SetEntryAdmin(ReadOnlyAdmin):
    list_display = ("name", "kfunc_set", "flags", "condition")
    list_select_related = ("kfunc_set",)
    search_fields = ("name",)


@admin.register(models.Hook)
class HookAdmin(PartOfKernelAdmin):
    list_display = ("name", "kernel", "position")
    list_select_related = ("kernel",)


@admin.register(models.ProgramType)
class ProgramTypeAdmin(PartOfKernelAdmin):
    list_display = ("name", "kernel", "value", "hook")
    list_select_related = ("kernel", "hook")


@admin.register(models.Filter)
class FilterAdmin(PartOfKernelAdmin):
    list_display = ("filter_id", "kernel", "file", "line")
    list_select_related = ("kernel",)


@admin.register(models.Registration)
class RegistrationAdmin(PartOfKernelAdmin):
    list_display = ("kfunc_id_set", "program_type", "hook", "kfunc_set", "filter", "kernel")
    list_select_related = ("kernel", "hook", "kfunc_set", "filter")


@admin.register(models.StructOpsType)
class StructOpsTypeAdmin(PartOfKernelAdmin):
    list_display = ("name", "kernel", "owner", "file", "line")
    list_select_related = ("kernel",)


@admin.register(models.Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("name", "struct_ops", "offset", "callback", "supported", "sleepable")
    list_select_related = ("struct_ops",)
    list_filter = (("struct_ops__kernel", BriefChoices),)
    search_fields = ("name",)


@admin.register(models.KernelTypes)
class KernelTypesAdmin(ReadOnlyAdmin):
    """Types of kernels, by hash."""

    list_display = ("kernel", "sha256")
    list_select_related = ("kernel",)
    exclude = ("data",)


@admin.register(models.KernelFunctions)
class KernelFunctionsAdmin(ReadOnlyAdmin):
    """Kernels whose functions are known by name."""

    list_display = ("kernel",)
    list_select_related = ("kernel",)
    exclude = ("data",)


@admin.register(models.StoredMatrix)
class StoredMatrixAdmin(ReadOnlyAdmin):
    """Matrices that were decided."""

    list_display = ("facts_hash", "engine_version", "created_at")
    exclude = ("data",)


@admin.register(models.Variant)
class VariantAdmin(ReadOnlyAdmin):
    """Variants made here; the kernel of a variant is removed among the kernels."""

    list_display = ("kernel", "base_name", "created_by")
    list_select_related = ("kernel", "created_by")
