"""Lists of the admin with 100,000 rows: what is the same for each row is done once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core import paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Paginator = paginator.Paginator[Model]
    Page = paginator.Page[Model]
else:
    ModelAdmin, Paginator, Page = admin.ModelAdmin, paginator.Paginator, paginator.Page


class KeysFirst(Paginator):
    """Finds the keys of a page before it reads its rows: what stands before it is skipped in an
    index, without the rows that a list joins."""

    def page(self, number: int | str) -> Page:
        """Return a page; raises InvalidPage where there is none of that number."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows: QuerySet[Model] = self.object_list  # type: ignore[assignment]  # the admin's
        keys = list(rows.values_list("pk", flat=True)[start : start + self.per_page])
        return Page(rows.filter(pk__in=keys), number, self)


class LongList(ChangeList):
    """Puts the filters of a list into the links of its rows, where the admin finds out for each
    link anew which page it leads to (a fifth of what a list costs)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: Model) -> str:
        """Return the address of a row, which leads back to the list as it was asked for."""
        address = super().url_for_result(result)
        return f"{address}?{self._asked}" if self._asked else address


class LongListAdmin(ModelAdmin):
    """Lists rows of which there may be many."""

    list_per_page = 25
    paginator = KeysFirst
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return what makes the list."""
        return LongList

    def action_checkbox(self, obj: Model) -> SafeString:
        """Return the box that chooses a row, as the admin's widget draws it."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="Select this object for an action - {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )
