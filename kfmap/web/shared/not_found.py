"""What is said when a name is not in the map: where it was looked for, and what comes near it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from kfmap.permission.near_names import find_near

_FEW = 12  # so many names are all shown when none comes near


@dataclass(frozen=True, slots=True)
class NearName:
    """A name that exists, and its page."""

    name: str
    url: str


class NameNotFound(Http404):
    """A name that `where` does not have; `page` is (URL name, first arguments) of such names."""

    def __init__(
        self,
        where: str,
        kind: str,
        name: str,
        known: Iterable[str],
        page: tuple[str, tuple[str, ...]],
    ) -> None:
        super().__init__(f"{where} has no {kind} “{name}”.")
        self.name = name
        view, first = page
        names = list(known)
        near = find_near(name, names) or (names if len(names) <= _FEW else [])
        self.near = [NearName(item, reverse(view, args=[*first, item])) for item in near]


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, with the names that come near where one was asked for."""
    context: dict[str, object] = {}
    if isinstance(exception, NameNotFound):
        context = {"problem": exception, "name": exception.name, "near": exception.near}
    elif isinstance(exception, Http404) and exception.args and isinstance(exception.args[0], str):
        context = {"problem": exception}
    return render(request, "404.html", context, status=404)
