"""Lists in pages: `count`, `next`, `previous` and `results`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

_A_PAGE, _MOST = 50, 200

PAGED = [
    OpenApiParameter("page", int, description="from 1"),
    OpenApiParameter("page_size", int, description=f"up to {_MOST}; default: {_A_PAGE}"),
]


class Pages(PageNumberPagination):
    """Pages by their number."""

    page_size = _A_PAGE
    page_size_query_param = "page_size"
    max_page_size = _MOST


def is_asked(request: Request, name: str) -> bool:
    """Return whether a parameter of the address says true."""
    return request.query_params.get(name, "").lower() in ("1", "true")


def answer_page(
    request: Request, rows: QuerySet[Any] | Sequence[Any], plain: Callable[[Any], Any]
) -> Response:
    """Answer with one page; `plain` makes the results of its rows.

    Raises NotFound for a page that there is not.
    """
    pages = Pages()
    found = pages.paginate_queryset(rows, request)
    return pages.get_paginated_response(plain(found))


def paged(serializer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the shape of a page of such results, for the description."""
    fields = {
        "count": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": serializer(many=True),
    }
    name = serializer.__name__.removesuffix("Serializer")
    return type(f"{name}PageSerializer", (serializers.Serializer,), fields)
