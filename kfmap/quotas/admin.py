"""Counts in Django's admin: to look at, and to delete where somebody is to go on at once."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import admin

from kfmap.admin_lists import LongListAdmin
from kfmap.quotas.models import Spent


@admin.register(Spent)
class SpentAdmin(LongListAdmin):
    """What was spent, and until when it counts."""

    list_display = ("key", "amount", "until")
    readonly_fields = ("key", "span", "ends_at", "amount")
    search_fields = ("key",)

    @admin.display(description="until")
    def until(self, row: Spent) -> datetime:
        """Return when the count begins anew."""
        return datetime.fromtimestamp(row.ends_at, UTC)
