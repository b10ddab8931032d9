"""What is said when a name is not in the map: where it was looked for, and what comes near it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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


class NotAmongThem(Http404):
    """`name` is none of the `known` ones; `near` are those that come near, `link` their pages."""

    def __init__(
        self, said: str, name: str, known: Iterable[str], link: Callable[[str], str]
    ) -> None:
        super().__init__(said)
        self.name = name
        names = list(known)
        near = find_near(name, names) or (names if len(names) <= _FEW else [])
        self.near = [NearName(item, link(item)) for item in near]
        self.without = ""  # the address of the page that does not ask for it, "" for none


class NameNotFound(NotAmongThem):
    """A name that `where` does not have; `page` is (URL name, first arguments) of such names."""

    def __init__(
        self,
        where: str,
        kind: str,
        name: str,
        known: Iterable[str],
        page: tuple[str, tuple[str, ...]],
    ) -> None:
        view, first = page
        said = f"{where} has no {kind} “{name}”."
        super().__init__(said, name, known, lambda item: reverse(view, args=[*first, item]))


class ValueNotFound(NotAmongThem):
    """A parameter of an address that has none of the `known` values; `kind` is what they are."""

    def __init__(
        self, request: HttpRequest, parameter: str, kind: str, known: Iterable[str]
    ) -> None:
        value = request.GET.get(parameter, "")
        said = f"There is no {kind} “{value}”, which the address asks for with {parameter}=."
        super().__init__(said, value, known, lambda item: _put(request, parameter, item))
        self.without = _put(request, parameter, None)


def _put(request: HttpRequest, parameter: str, value: str | None) -> str:
    """Return the address of a request with another value of a parameter, None for none."""
    query = request.GET.copy()
    query.pop(parameter, None)
    if value is not None:
        query[parameter] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


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
    if isinstance(exception, NotAmongThem):
        context = {
            "problem": exception,
            "name": exception.name,
            "near": exception.near,
            "without": exception.without,
        }
    elif isinstance(exception, Http404) and (said := _sentence(exception)):
        context = {"problem": said}
    return render(request, "404.html", context, status=404)


def _sentence(missing: Http404) -> str:
    """Return what was raised for readers; what Django says of a row names a class of kfmap's."""
    said = missing.args[0] if missing.args else ""
    return said if isinstance(said, str) and not _OF_DJANGO.fullmatch(said) else ""
