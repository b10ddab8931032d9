"""Rechecks in Django's admin: how far each is; to end one, and to go on with it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from kfmap.catalogue.admin import ReadOnlyAdmin
from verifier.rechecking import control
from verifier.rechecking.models import Recheck, RecheckedObject
from verifier.spaces.access import Reader


@admin.register(Recheck)
class RecheckAdmin(ReadOnlyAdmin):
    """Rechecks with their progress."""

    list_display = ("pk", "reason", "space", "state", "progress", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("space",)
    actions = ("cancel", "resume")
    exclude = ("before", "now")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recheck]:
        """Count the objects with the same query."""
        left = Q(items__state__in=RecheckedObject.UNFINISHED)
        return Recheck.objects.annotate(
            total=Count("items"), unfinished=Count("items", filter=left)
        )

    @admin.display(description="objects")
    def progress(self, run: Recheck) -> str:
        """Return how many of its objects are finished."""
        total, unfinished = (getattr(run, name) for name in ("total", "unfinished"))
        return f"{total - unfinished} of {total}"

    @admin.action(description="Cancel the selected rechecks", permissions=["delete"])
    def cancel(self, request: HttpRequest, runs: QuerySet[Recheck]) -> None:
        """End those that go on."""
        self._do(request, runs, control.cancel, "cancelled")

    @admin.action(description="Go on with the selected rechecks", permissions=["delete"])
    def resume(self, request: HttpRequest, runs: QuerySet[Recheck]) -> None:
        """Go on with those that were cancelled."""
        self._do(request, runs, control.resume, "going on")

    def _do(
        self,
        request: HttpRequest,
        runs: QuerySet[Recheck],
        step: Callable[[Recheck, Reader], bool],
        what: str,
    ) -> None:
        count = sum(step(run, request.user) for run in runs.select_related("space"))
        said = f"1 recheck is {what}." if count == 1 else f"{count} rechecks are {what}."
        self.message_user(request, said)


@admin.register(RecheckedObject)
class RecheckedObjectAdmin(ReadOnlyAdmin):
    """Objects of rechecks."""

    list_display = ("pk", "recheck", "object", "state", "computed", "attempts", "problem")
    list_filter = ("state",)
    list_select_related = ("recheck", "object")
