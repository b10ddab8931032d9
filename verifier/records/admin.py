"""Uploads and verdicts in Django's admin, to look at and to remove."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest

from kfmap.admin_lists import COUNTED, FOUND, BriefChoices
from kfmap.catalogue.admin import ReadOnlyAdmin
from verifier.records import models
from verifier.records.cursor import START
from verifier.records.endings import delete_upload
from verifier.records.id_lists import NamedIds, files_among
from verifier.records.models.job import JobQuerySet
from verifier.records.models.review import WaiverQuerySet
from verifier.records.models.submission import SubmittedFileQuerySet
from verifier.records.waivers import withdraw
from verifier.spaces.counted_deletion import CountedDeletionAdmin
from verifier.spaces.models import Event, Kind


@admin.register(models.BpfObject)
class BpfObjectAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "sha256", "size", "created_at", "problem")
    search_fields = ("sha256",)
    search_help_text = "part of a name, which finds the latest, or how the SHA-256 begins"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Return what indexes find: a list asks for it several times."""
        if not search_term:
            return queryset, False
        named = NamedIds(request.user, search_term).read(START, FOUND)
        # What lies between two hashes: SQLite reads all rows for a LIKE.
        begins = Q(sha256__gte=search_term.lower(), sha256__lt=search_term.lower() + "g")
        return queryset.filter(Q(pk__in=named) | begins), False


@admin.register(models.Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What people said of objects, to be read: nobody takes it back here."""

    list_display = ("object", "author", "decision", "created_at")
    list_select_related = ("object", "author")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what was said stays said."""
        return False


@admin.register(models.Waiver)
class WaiverAdmin(ReadOnlyAdmin):
    """Who answers for which finding; they end here or on the pages of objects."""

    list_display = ("finding", "space", "owner", "expires_at", "withdrawn_at")
    list_filter = (("withdrawn_at", admin.EmptyFieldListFilter), ("space", BriefChoices))
    list_select_related = ("space", "owner")
    search_fields = ("finding", "reason")
    actions = ("expire",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: sign-offs rest on them."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may end them: a row is not changed otherwise."""
        return request.user.has_perm("verifier.change_waiver")

    @admin.action(description="Expire the selected waivers now", permissions=["end"])
    def expire(self, request: HttpRequest, waivers: WaiverQuerySet) -> None:
        """End those that count now, and tell their owners."""
        ending = list(waivers.active().select_related("space", "owner"))
        for waiver in ending:
            withdraw(waiver, request.user)
            text = f"{request.user} ends a waiver in {waiver.space}: {waiver.finding}"
            Event.objects.announce(
                waiver.space,
                Kind.WAIVER_ENDED,
                text,
                waiver.space.get_absolute_url(),
                [waiver.owner],
                fingerprint=waiver.fingerprint,
                finding=waiver.finding,
            )
        count = len(ending)
        told = "1 waiver has ended." if count == 1 else f"{count} waivers have ended."
        self.message_user(request, told)


class _UploadAdmin(ReadOnlyAdmin):
    """Uploads, which stay while they are the last to have an object that people spoke of."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse where reviews would go along: what was said stays said."""
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or not self.files_of(obj).would_take_reviews().exists())

    def files_of(self, obj: Model) -> SubmittedFileQuerySet:
        """Return the files that go with a row."""
        raise NotImplementedError


@admin.register(models.Submission)
class SubmissionAdmin(CountedDeletionAdmin, _UploadAdmin):
    date_hierarchy = "created_at"
    list_filter = (("space", BriefChoices),)
    search_fields = ("user__username", "space__slug")
    search_help_text = "who uploaded, the address of a space, or part of a file's name"
    list_display = ("pk", "user", "space", "created_at")
    list_select_related = ("user", "space")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Return what is found by who uploaded, by spaces, and by names of files."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term:
            found |= queryset.filter(pk__in=_uploads_with(request, search_term))
        return found, may_repeat

    def files_of(self, obj: Model) -> SubmittedFileQuerySet:
        """Return the files of an upload."""
        return models.SubmittedFile.objects.filter(submission=obj.pk)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete an upload as its page does, and write it down."""
        assert isinstance(obj, models.Submission)
        delete_upload(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Delete uploads one by one."""
        for submission in queryset:
            self.delete_model(request, submission)


def _uploads_with(request: HttpRequest, text: str) -> list[int]:
    """Return the ids of the latest uploads that have a text in the name of a file.

    Names are read in the order of an index; where many have it, each upload is asked instead, of
    which then as few names are read as do.
    """
    files = files_among(request.user, text).order_by()
    ids = list(files.values_list("submission", flat=True)[:COUNTED])
    if len(ids) < COUNTED:
        return sorted(set(ids), reverse=True)[:FOUND]
    has_one = Exists(files.filter(submission=OuterRef("pk")))
    uploads = models.Submission.objects.filter(has_one).order_by("-pk")
    return list(uploads.values_list("pk", flat=True)[:FOUND])


@admin.register(models.SubmittedFile)
class SubmittedFileAdmin(_UploadAdmin):
    list_display = ("name", "submission", "object", "problem")
    list_select_related = ("submission", "object")

    def files_of(self, obj: Model) -> SubmittedFileQuerySet:
        """Return the file itself."""
        return models.SubmittedFile.objects.filter(pk=obj.pk)


@admin.register(models.Program)
class ProgramAdmin(ReadOnlyAdmin):
    list_display = ("name", "object", "section", "program_type")
    list_select_related = ("object",)
    search_fields = ("name",)
    searched = 20_000
    search_help_text = f"part of a name, among the latest {searched:,} programs"


@admin.register(models.Call)
class CallAdmin(ReadOnlyAdmin):
    list_display = ("kfunc", "program", "instruction", "weak")
    list_select_related = ("program",)
    search_fields = ("kfunc__exact",)
    search_help_text = "the name of a kfunc, whole"


@admin.register(models.Job)
class JobAdmin(ReadOnlyAdmin):
    """Jobs: to look at, and to end, put aside or begin again."""

    list_display = ("pk", "object", "state", "step", "worker", "attempts", "heartbeat", "problem")
    list_filter = ("state",)
    list_select_related = ("object",)
    actions = ("cancel", "park", "retry")

    @admin.action(description="Cancel the selected jobs", permissions=["delete"])
    def cancel(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        """End jobs that are not over."""
        self._say(request, jobs.cancel(), "cancelled")

    @admin.action(description="Put the selected jobs aside", permissions=["delete"])
    def park(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        """Put open jobs aside."""
        self._say(request, jobs.park(), "put aside")

    @admin.action(description="Try the selected jobs again", permissions=["delete"])
    def retry(self, request: HttpRequest, jobs: JobQuerySet) -> None:
        """Queue jobs that were put aside, ended early or hang; a worker soon sends them."""
        self._say(request, len(jobs.retry()), "waiting to be done")

    def _say(self, request: HttpRequest, count: int, what: str) -> None:
        self.message_user(
            request, f"1 job is {what}." if count == 1 else f"{count} jobs are {what}."
        )


@admin.register(models.Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Workers that were heard of within a day."""

    list_display = ("name", "started_at", "seen_at", "unconfined")


@admin.register(models.CheckTime)
class CheckTimeAdmin(ReadOnlyAdmin):
    """How long checks took."""

    list_display = ("kernel", "count", "seconds")


@admin.register(models.Check)
class CheckAdmin(ReadOnlyAdmin):
    list_display = ("object", "facts_hash", "engine_version", "problem", "created_at")
    list_select_related = ("object",)


@admin.register(models.Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ("program", "verdict", "check_row")
    list_filter = ("verdict",)
    list_select_related = ("check_row__object",)


@admin.register(models.Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ("kind", "kfunc", "verdict")
    list_filter = ("kind",)
    list_select_related = ("verdict",)
    search_fields = ("kfunc",)
