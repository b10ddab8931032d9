"""Lists of the admin with 100,000 rows: what is the same for each row is done once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.filters import AllValuesFieldListFilter, RelatedFieldListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core import paginator
from django.db.models import BinaryField, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Paginator = paginator.Paginator[Model]
    Page = paginator.Page[Model]
else:
    ModelAdmin, Paginator, Page = admin.ModelAdmin, paginator.Paginator, paginator.Page

FOUND = 200  # rows, by a search
COUNTED = 5000  # rows from the page on that is shown
_CHOICES = 200  # of a filter
_LATELY = 1000  # rows that choices of words are taken from


class MoreThan(int):
    """A count that ended before the last row, which pages say beside it."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class KeysFirst(Paginator):
    """Finds the keys of a page before it reads its rows: what stands before it is skipped in an
    index, without the rows that a list joins. It counts no further than `most` rows."""

    most = COUNTED

    @cached_property
    def count(self) -> int:
        """Return how many rows there are."""
        counted: int = self._rows.order_by().values("pk")[: self.most + 1].count()
        return MoreThan(self.most) if counted > self.most else counted

    def page(self, number: int | str) -> Page:
        """Return a page; raises InvalidPage where there is none of that number."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = list(self._rows.values_list("pk", flat=True)[start : start + self.per_page])
        return Page(self._rows.filter(pk__in=keys), number, self)

    @property
    def _rows(self) -> QuerySet[Model]:
        rows: QuerySet[Model] = self.object_list  # type: ignore[assignment]  # the admin's
        return rows


class LongList(ChangeList):
    """Puts the filters of a list into the links of its rows, where the admin finds out for each
    link anew which page it leads to (a fifth of what a list costs)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked, self.preserved_filters = self.preserved_filters, ""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Model]:
        """Return what is listed, without what no list shows: facts and types of kernels, packed."""
        rows: QuerySet[Model] = super().get_queryset(request, *args, **kwargs)
        return rows.defer(*_list_packed(self.model, self.list_select_related))

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return what a column sorts by: nothing where no index has the rows in that order."""
        if field_name not in (self.sortable_by or ()):
            return None
        return super().get_ordering_field(field_name)

    def url_for_result(self, result: Model) -> str:
        """Return the address of a row, which leads back to the list as it was asked for."""
        address = super().url_for_result(result)
        return f"{address}?{self._asked}" if self._asked else address


def _list_packed(model: type[Model], related: Any) -> Iterator[str]:
    """Yield the fields of bytes of a model, and of those that a list joins to it."""
    paths = [""] if isinstance(related, bool) else ["", *related]
    for path in paths:
        joined = model
        for name in path.split("__") if path else ():
            joined = joined._meta.get_field(name).related_model  # type: ignore[assignment]
        for field in joined._meta.concrete_fields:
            if isinstance(field, BinaryField):
                yield f"{path}__{field.name}" if path else field.name


class BriefChoices(RelatedFieldListFilter):
    """A filter by rows of another model, of which it reads no more than names and keys."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices, key and name: the first ones of very many."""
        rows = field.related_model._default_manager.all()
        rows = rows.order_by(*self.field_admin_ordering(field, request, model_admin))
        packed = _list_packed(field.related_model, related=False)
        return [(row.pk, str(row)) for row in rows.defer(*packed)[:_CHOICES]]


class LatelyChoices(AllValuesFieldListFilter):
    """A filter by words, of which those are offered that the latest rows have."""

    def __init__(self, field: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, *args, **kwargs)
        words = field.model.objects.order_by("-pk").values_list(field.name, flat=True)
        choices: Any = sorted(set(words[:_LATELY]))
        self.lookup_choices = choices


class LongListAdmin(ModelAdmin):
    """Lists rows of which there may be many: the latest first, and sorted by what has an index."""

    ordering: ClassVar[Any] = ("-pk",)
    list_per_page = 25
    paginator = KeysFirst
    show_full_result_count = False
    searched: ClassVar[int | None] = None  # the latest rows, where a search looks at no others

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> Any:
        """Return what makes pages: it counts so far that those after this one are offered."""
        pages: Any = super().get_paginator(request, queryset, per_page, *args, **kwargs)
        number = request.GET.get("p", "")
        before = int(number) * per_page if len(number) < 10 and number.isdecimal() else 0
        pages.most = COUNTED + before
        return pages

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        """Return the columns that a list may be sorted by: others would have all rows read, and so
        would those of few words, which many rows share."""
        if self.sortable_by is not None:
            return list(self.sortable_by)
        indexed = {"pk", *(index.fields[0] for index in self.opts.indexes if index.fields)}
        fields: Any = self.opts.concrete_fields
        own = [field for field in fields if not field.remote_field]
        indexed.update(field.name for field in own if field.db_index or field.unique)
        indexed.difference_update(field.name for field in own if field.choices)
        return [str(name) for name in self.get_list_display(request) if name in indexed]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the latest rows that have the words: they are looked for once, not for each
        question of a list, and no further than these."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not search_term:
            return found, may_repeat
        if self.searched is not None:
            last = self.model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            found = found.filter(pk__gt=last - self.searched)
        keys = found.order_by("-pk").values_list("pk", flat=True).distinct()[:FOUND]
        return queryset.filter(pk__in=list(keys)), False

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
