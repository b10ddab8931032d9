"""The admin's page before something is deleted that a hundred thousand rows go with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import CASCADE, Model
from django.http import HttpRequest

from kfmap.admin_lists import LongListAdmin


class CountedDeletionAdmin(LongListAdmin):
    """Says how many rows go along, without reading them.

    What has a page in the admin that lets nobody delete it keeps what it would go with.
    """

    def get_deleted_objects(self, objs: Iterable[Model], request: HttpRequest) -> Any:
        """Return the rows, what goes with them by its plural, what keeps them, and nothing."""
        objs = list(objs)
        goes: dict[str, int] = {str(self.opts.verbose_name_plural): len(objs)}
        keeps = {str(obj) for obj in objs if not self.has_delete_permission(request, obj)}
        for relation in self.opts.related_objects:
            kind = relation.related_model
            rows = kind._base_manager.filter(**{f"{relation.field.name}__in": objs})
            if relation.on_delete is not CASCADE or not (count := rows.count()):
                continue
            goes[str(kind._meta.verbose_name_plural)] = count
            page = self.admin_site._registry.get(kind)
            if page is not None and not page.has_delete_permission(request):
                keeps.add(str(kind._meta.verbose_name))
        return [str(obj) for obj in objs], goes, keeps, []
