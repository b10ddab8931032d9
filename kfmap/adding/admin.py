"""Where kernels came from, in Django's admin, to look at."""

from __future__ import annotations

from django.contrib import admin

from kfmap.adding.models import Provenance
from kfmap.catalogue.admin import ReadOnlyAdmin


@admin.register(Provenance)
class ProvenanceAdmin(ReadOnlyAdmin):
    """What imported kernels were read from."""

    list_display = ("kernel", "source", "commit", "dirty", "added_by", "added_at")
    search_fields = ("kernel__name", "source", "commit")
