"""The contract of pages: what every view is given, and what every template finds under which name.

| decorator       | the view gets            | its template finds                           |
|-----------------|--------------------------|----------------------------------------------|
| `map_page`      | `kernels`, a KernelMap   | `kernels`, `section`, `map_identity`         |
| `kernel_page`   | `this`, a ThisKernel     | these, and `kernel`, its row, and `loaded`   |

A view returns a Page (a template with the names that are its own) or any response. Pages only read,
and an unchanged one costs a 304.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any, Concatenate, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from kfmap.permission.engine import ENGINE_VERSION
from kfmap.web.shared.kept_pages import KEPT_PAGES
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel, load_kernel_map
from kfmap.web.shared.not_found import RulesNotKnown
from kfmap.web.shared.on_kernels import ON
from verifier.records.identity import identify_uploads

Section = Literal[  # of the head of pages
    "",
    "kernels",
    "matrix",
    "compare",
    "graphs",
    "mechanisms",
    "findings",
    "what-if",
    "decode",
    "docs",
]
_MADE_OF = (
    (settings.BASE_DIR, "kfmap/**/*.py"),
    (settings.BASE_DIR, "kfmap/*/*.json"),
    (settings.BASE_DIR, "kfmap/docs/*.md"),
    (settings.BASE_DIR, "verifier/**/*.py"),
    (settings.PAGES_DIR, "templates/**/*.html"),
    (settings.PAGES_DIR, "static/**/*"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A template, and the names it finds besides those of every page."""

    template: str
    context: Mapping[str, object]


Made = Page | HttpResponse
View = Callable[..., HttpResponseBase]  # what Django calls with the parts of the address by name
MapView = Callable[Concatenate[HttpRequest, KernelMap, ...], Made]
KernelView = Callable[Concatenate[HttpRequest, ThisKernel, ...], Made]


def map_page(section: Section = "", *, conditional: bool = True) -> Callable[[MapView], View]:
    """Give a view the map, and its template the names of every page.

    A conditional page answers 304 while neither the map, kfmap nor the reader changed, so it may
    only read; one that is not conditional answers anew each time.
    """

    def decorate(view: MapView) -> View:
        @wraps(view)
        def page(request: HttpRequest, **address: Any) -> HttpResponseBase:
            kernels = load_kernel_map()

            def answer() -> HttpResponse:
                made = view(request, kernels, **address)
                names = {"kernels": kernels, "section": section}
                return _render(request, made, {**names, "map_identity": _identify_map(kernels)})

            return _answer_if_changed(request, kernels, answer) if conditional else answer()

        return require_safe(page) if conditional else page

    return decorate


def kernel_page(
    section: Section = "kernels", *, conditional: bool = True, needs_rules: bool = False
) -> Callable[[KernelView], View]:
    """Give a view the kernel that its address names, and its template that kernel besides.

    The address answers 404 with the names that come near where the map has no such kernel. A view
    that `needs_rules` is not asked about a kernel without them: the page says that they are not
    known, and exports and forms answer 404.
    """

    def decorate(view: KernelView) -> View:
        @map_page(section, conditional=conditional)
        @wraps(view)
        def page(request: HttpRequest, kernels: KernelMap, kernel: str, **address: Any) -> Made:
            if other := request.GET.get(ON):
                return _lead_to(request, kernels.row(other).name, address)
            this = ThisKernel(kernels, kernels.row(kernel))
            known = this.row.has_rules or not needs_rules
            made = (
                view(request, this, **address) if known else _without_rules(request, this, section)
            )
            names = {"kernel": this.row, "loaded": SimpleLazyObject(lambda: this.loaded)}
            return (
                Page(made.template, {**names, **made.context}) if isinstance(made, Page) else made
            )

        return page

    return decorate


def _without_rules(request: HttpRequest, this: ThisKernel, section: Section) -> Page:
    """Say that nothing follows from rules that are not known.

    Raises RulesNotKnown where a page is not what is asked for.
    """
    if request.method not in ("GET", "HEAD") or "format" in request.GET or section == "kernels":
        raise RulesNotKnown(this.name, "rules")
    return Page("mechanisms/no_rules.html", {"tab": section})


def _lead_to(request: HttpRequest, kernel: str, address: Mapping[str, Any]) -> HttpResponse:
    """Send the reader to the same page of another kernel."""
    assert request.resolver_match is not None
    url = reverse(request.resolver_match.view_name, kwargs={"kernel": kernel, **address})
    rest = request.GET.copy()
    del rest[ON]
    return redirect(f"{url}?{rest.urlencode()}" if rest else url)


def _render(request: HttpRequest, made: Made, names: Mapping[str, object]) -> HttpResponse:
    if isinstance(made, Page):
        return render(request, made.template, {**names, **made.context})
    return made


def _answer_if_changed(
    request: HttpRequest, kernels: KernelMap, answer: Callable[[], HttpResponse]
) -> HttpResponseBase:
    etag, changed = _identify(request, kernels), _last_change(request, kernels)
    response: HttpResponseBase | None = get_conditional_response(request, etag, changed)
    if response is None:
        response = _find_or_make(request, etag, answer)
    if etag and response.status_code in (200, 304):
        response["ETag"] = etag
        if changed:
            response["Last-Modified"] = http_date(changed)
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Cookie", "HX-Request"])
    return response


def _find_or_make(
    request: HttpRequest, etag: str | None, answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the page, from those that are kept where everybody sees the same."""
    if not etag or settings.DEBUG:
        return answer()
    response = KEPT_PAGES.find(request, etag)
    if response is None:
        response = answer()
        KEPT_PAGES.keep(request, etag, response)
    return response


def is_fragment(request: HttpRequest) -> bool:
    """Return whether only the part of the page that changes is asked for."""
    return request.headers.get("HX-Request") == "true"


def _identify(request: HttpRequest, kernels: KernelMap) -> str | None:
    """Return what a page changes with; None where it shows a message once."""
    if "messages" in request.COOKIES:
        return None
    reader = _identify_reader(request) if request.user.is_authenticated else ""
    parts = [_identify_map(kernels), reader, is_fragment(request)]
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _identify_map(kernels: KernelMap) -> tuple[object, ...]:
    """Return what every page changes with, whoever reads it."""
    return ENGINE_VERSION, _code_stamp(), kernels.identity


def _identify_reader(request: HttpRequest) -> tuple[object, ...]:
    """Return what only signed-in readers see: the uploads, and forms that their session sends."""
    return request.user.pk, request.COOKIES.get("csrftoken"), identify_uploads(request.user)


def _last_change(request: HttpRequest, kernels: KernelMap) -> int | None:
    """Return the second in which the map or kfmap changed; None where a page has more than the map.

    A kernel that was removed changes the ETag only, which goes before this.
    """
    if "messages" in request.COOKIES or request.user.is_authenticated or not kernels.rows:
        return None
    newest = max(row.updated_at for row in kernels.rows).timestamp()
    return int(max(newest, _code_stamp() / 1e9))


@cache
def _code_stamp() -> int:
    """Return the time of the newest file that pages are made of: new code gives new pages."""
    files = (path for base, pattern in _MADE_OF for path in Path(base).glob(pattern))
    return max(path.stat().st_mtime_ns for path in files)
