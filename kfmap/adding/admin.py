"""Where kernels came from, in Django's admin, to look at, and the jobs that add them, to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from kfmap.adding.models import Addition, AdditionQuerySet, GivenPart, Provenance
from kfmap.adding.parts import cancel
from kfmap.catalogue.admin import ReadOnlyAdmin

if TYPE_CHECKING:  # django-stubs makes it generic, Django does not
    TabularInline = admin.TabularInline[GivenPart, Addition]
else:
    TabularInline = admin.TabularInline


@admin.register(Provenance)
class ProvenanceAdmin(ReadOnlyAdmin):
    """What imported kernels were read from."""

    list_select_related = ("kernel",)
    list_display = ("kernel", "source", "commit", "dirty", "added_by", "added_at")
    search_fields = ("kernel__name", "source", "commit")


class GivenPartInline(TabularInline):
    """The files that were given, by name and size."""

    model = GivenPart
    fields = readonly_fields = ("kind", "name", "size")
    can_delete = False
    extra = max_num = 0


@admin.register(Addition)
class AdditionAdmin(ReadOnlyAdmin):
    """Jobs that add kernels or estimate one: to look at, and to end."""

    list_display = ("pk", "given", "user", "state", "step", "problem", "created_at")
    list_filter = ("state", "estimate")
    inlines = (GivenPartInline,)
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> AdditionQuerySet:
        """Return them with what was given."""
        return Addition.objects.select_related("user").prefetch_related("parts")

    @admin.action(description="Cancel the selected jobs", permissions=["delete"])
    def cancel(self, request: HttpRequest, additions: AdditionQuerySet) -> None:
        """End jobs that are not over, and remove what was given for them."""
        count = sum(cancel(addition) for addition in additions)
        told = "1 job is cancelled." if count == 1 else f"{count} jobs are cancelled."
        self.message_user(request, told)
