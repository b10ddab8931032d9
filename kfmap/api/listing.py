"""Lists in pages: `count`, `count_is_exact`, `next`, `previous` and `results`.

A page is read with one row more, by which it is known whether there is a next one: no list is
counted to its end. Pages of objects lead to each other by cursors; other lists, and addresses of
releases before, number their pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from kfmap.permission.near_names import find_near
from verifier.records.cursor import Cursor, parse_cursor, read_numbered, read_page
from verifier.records.id_lists import BegunIds, IdList

_A_PAGE, _MOST = 50, 200
_LAST_PAGE = 1_000_000
_COUNTED = 1_000
_FEW = 12  # so many values are all named when none comes near
_TRUE, _FALSE = ("1", "true"), ("0", "false")
_NO_PAGE = "There is no such page."

Rows = QuerySet[Any, Any] | Sequence[Any]

PAGED = [
    OpenApiParameter("page", int, description="from 1"),
    OpenApiParameter("page_size", int, description=f"up to {_MOST}; default: {_A_PAGE}"),
]
PAGED_BY_CURSOR = [
    OpenApiParameter(
        "cursor", str, description="where a page begins: `next` and `previous` say it"
    ),
    *PAGED,
]


class _Pages(PageNumberPagination):
    """Reads the size of a page from an address."""

    page_size = _A_PAGE
    page_size_query_param = "page_size"
    max_page_size = _MOST


def is_asked(request: Request, name: str) -> bool:
    """Return whether a parameter of the address says true; raises as `read_choice`."""
    said = request.query_params.get(name, "").lower()
    return check_choice(name, said, (*_TRUE, *_FALSE)) in _TRUE


def read_choice(request: Request, name: str, known: Iterable[str]) -> str:
    """Return the value of a parameter, "" for none.

    Raises ValidationError, with the values that come near, for one that it cannot have.
    """
    return check_choice(name, request.query_params.get(name, ""), known)


def check_choice(name: str, value: str, known: Iterable[str]) -> str:
    """Return a value that was given under a name; raises as `read_choice`."""
    if not value or value in (names := list(known)):
        return value
    problem: dict[str, Any] = {"detail": f"There is no {name} “{value}”."}
    if near := find_near(value, names) or (names if len(names) <= _FEW else []):
        problem["candidates"] = near
    raise ValidationError(problem)


def answer_page(request: Request, rows: Rows, plain: Callable[[Any], Any]) -> Response:
    """Answer with one page; `plain` makes the results of its rows.

    Raises NotFound for a page that there is not.
    """
    number, size = _read_number(request), _read_size(request)
    (count, is_exact), start = _count(rows), (number - 1) * size
    found = list(rows[start : start + size + 1])
    if number > 1 and not found:
        raise NotFound(_NO_PAGE)
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


def read_rows(request: Request, rows: QuerySet[Any, Any]) -> tuple[list[Any], str | None]:
    """Return one page of rows, and the address of the next.

    Raises NotFound for a page that there is not.
    """
    number, size = _read_number(request), _read_size(request)
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    if number > 1 and not found:
        raise NotFound(_NO_PAGE)
    goes_on = len(found) > size
    return found[:size], _name_page(request.build_absolute_uri(), number + 1) if goes_on else None


def answer_ids(
    request: Request, rows: IdList, plain: Callable[[list[int]], list[dict[str, Any]]]
) -> Response:
    """Answer with the page of objects at a cursor, or with one that has a number.

    What is counted is read once, and the page taken from it where it is among these rows.
    """
    size, number = _read_size(request), _read_number(request)
    known = BegunIds(rows, _COUNTED + 1)
    if text := request.query_params.get("cursor", ""):
        page = read_page(known.read, _parse(text), size)
    else:
        page = read_numbered(known.skip, number, size)
    if not page.ids and (text or number > 1):
        raise NotFound(_NO_PAGE)
    here = remove_query_param(request.build_absolute_uri(), "page")
    return Response(
        {
            "count": min(len(known.first), _COUNTED),
            "count_is_exact": known.is_whole,
            "next": page.older and replace_query_param(here, "cursor", page.older),
            "previous": page.newer and replace_query_param(here, "cursor", page.newer),
            "results": plain(page.ids),
        }
    )


def _parse(cursor: str) -> Cursor:
    try:
        return parse_cursor(cursor)
    except ValueError as error:
        raise NotFound(_NO_PAGE) from error


def _read_size(request: Request) -> int:
    return _Pages().get_page_size(request) or _A_PAGE


def _read_number(request: Request) -> int:
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _LAST_PAGE):
        raise NotFound(_NO_PAGE)
    return int(text)


def _name_page(address: str, number: int) -> str:
    return replace_query_param(address, "page", number)


def _count(rows: Rows) -> tuple[int, bool]:
    """Count rows, those of the database up to _COUNTED; return whether these are all."""
    if isinstance(rows, QuerySet):
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
