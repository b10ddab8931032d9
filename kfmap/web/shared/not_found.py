"""What is said when a name is not in the map: where it was looked for, and what comes near it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from kfmap.permission.near_names import find_near

_OF_DJANGO = re.compile(r"No \w+ matches the given query\.")  # get_object_or_404()
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


class RulesNotKnown(Http404):
    """What a kernel that was only asked cannot tell: `kinds` are such things, in the plural."""

    def __init__(self, kernel: str, kinds: str) -> None:
        super().__init__(
            f"The {kinds} of Linux {kernel} are not known: it was booted and asked, and its source "
            "is not in the map."
        )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, with the names that come near where one was asked for."""
    context: dict[str, object] = {}
    if isinstance(exception, NameNotFound):
        context = {"problem": exception, "name": exception.name, "near": exception.near}
    elif isinstance(exception, Http404) and (said := _sentence(exception)):
        context = {"problem": said}
    return render(request, "404.html", context, status=404)


def _sentence(missing: Http404) -> str:
    """Return what was raised for readers; what Django says of a row names a class of kfmap's."""
    said = missing.args[0] if missing.args else ""
    return said if isinstance(said, str) and not _OF_DJANGO.fullmatch(said) else ""
