"""Uploads and verdicts in Django's admin, to look at and to remove."""

from __future__ import annotations

from django.contrib import admin

from kfmap.catalogue.admin import ReadOnlyAdmin
from verifier.records import models


@admin.register(models.BpfObject)
class BpfObjectAdmin(ReadOnlyAdmin):
    """Objects."""

    list_display = ("file_name", "sha256", "size", "created_at", "problem")
    search_fields = ("file_name", "sha256")


@admin.register(models.Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What people said of objects."""

    list_display = ("object", "author", "decision", "created_at")
    list_select_related = ("object", "author")


@admin.register(models.Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Uploads."""

    list_display = ("pk", "user", "created_at")
    list_select_related = ("user",)


@admin.register(models.SubmittedFile)
class SubmittedFileAdmin(ReadOnlyAdmin):
    """Files of uploads."""

    list_display = ("name", "submission", "object", "problem")
    list_select_related = ("submission", "object")


@admin.register(models.Program)
class ProgramAdmin(ReadOnlyAdmin):
    """Programs of all objects."""

    list_display = ("name", "object", "section", "program_type")
    list_select_related = ("object",)
    search_fields = ("name",)


@admin.register(models.Call)
class CallAdmin(ReadOnlyAdmin):
    """Kfunc calls of all programs."""

    list_display = ("kfunc", "program", "instruction", "weak")
    list_select_related = ("program",)
    search_fields = ("kfunc",)


@admin.register(models.Job)
class JobAdmin(ReadOnlyAdmin):
    """Jobs."""

    list_display = ("pk", "object", "state", "step", "attempts", "heartbeat", "problem")
    list_filter = ("state",)
    list_select_related = ("object",)


@admin.register(models.Check)
class CheckAdmin(ReadOnlyAdmin):
    """Objects on kernels."""

    list_display = ("object", "facts_hash", "engine_version", "problem", "created_at")
    list_select_related = ("object",)


@admin.register(models.Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    """Programs on kernels."""

    list_display = ("program", "verdict", "check_row")
    list_filter = ("verdict",)
    list_select_related = ("check_row__object",)


@admin.register(models.Finding)
class FindingAdmin(ReadOnlyAdmin):
    """Findings."""

    list_display = ("kind", "kfunc", "verdict")
    list_filter = ("kind",)
    list_select_related = ("verdict",)
    search_fields = ("kfunc",)
