"""Lists in pages: `count`, `count_is_exact`, `next`, `previous` and `results`.

A page is read with one row more, by which it is known whether there is a next one: no list is
counted to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from verifier.records.newest import SeenIds

_A_PAGE, _MOST = 50, 200
_LAST_PAGE = 1_000_000
_COUNTED = 5_000

Rows = QuerySet[Any, Any] | Sequence[Any] | SeenIds

PAGED = [
    OpenApiParameter("page", int, description="from 1"),
    OpenApiParameter("page_size", int, description=f"up to {_MOST}; default: {_A_PAGE}"),
]


class _Pages(PageNumberPagination):
    """Reads the size of a page from an address."""

    page_size = _A_PAGE
    page_size_query_param = "page_size"
    max_page_size = _MOST


def is_asked(request: Request, name: str) -> bool:
    """Return whether a parameter of the address says true."""
    return request.query_params.get(name, "").lower() in ("1", "true")


def answer_page(request: Request, rows: Rows, plain: Callable[[Any], Any]) -> Response:
    """Answer with one page; `plain` makes the results of its rows.

    Raises NotFound for a page that there is not.
    """
    number, size = _read_number(request), _Pages().get_page_size(request) or _A_PAGE
    (count, is_exact), start = _count(rows), (number - 1) * size
    found = list(rows[start : start + size + 1])
    if number > 1 and not found:
        raise NotFound("There is no such page.")
    here = request.build_absolute_uri()
    before = remove_query_param(here, "page") if number == 2 else _name_page(here, number - 1)
    return Response(
        {
            "count": count,
            "count_is_exact": is_exact,
            "next": _name_page(here, number + 1) if len(found) > size else None,
            "previous": before if number > 1 else None,
            "results": plain(found[:size]),
        }
    )


def _read_number(request: Request) -> int:
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _LAST_PAGE):
        raise NotFound("There is no such page.")
    return int(text)


def _name_page(address: str, number: int) -> str:
    return replace_query_param(address, "page", number)


def _count(rows: Rows) -> tuple[int, bool]:
    """Count rows, those of the database up to _COUNTED; return whether these are all."""
    if isinstance(rows, SeenIds):
        count = rows.count(_COUNTED + 1)
    elif isinstance(rows, QuerySet):
        count = rows.order_by()[: _COUNTED + 1].count()
    else:
        return len(rows), True
    return min(count, _COUNTED), count <= _COUNTED


def paged(serializer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the shape of a page of such results, for the description."""
    fields = {
        "count": serializers.IntegerField(help_text=f"rows are counted to {_COUNTED:,}"),
        "count_is_exact": serializers.BooleanField(help_text="false: there are more"),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": serializer(many=True),
    }
    name = serializer.__name__.removesuffix("Serializer")
    return type(f"{name}PageSerializer", (serializers.Serializer,), fields)
