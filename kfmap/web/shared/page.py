"""What pages of the map have in common: they only read, and an unchanged one costs a 304."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from kfmap.permission.engine import ENGINE_VERSION
from kfmap.web.shared.kernel_map import Atlas, load_atlas
from verifier.records.models import Job

P = ParamSpec("P")
_MADE_OF = (
    "kfmap/**/*.py",
    "kfmap/*/*.json",
    "verifier/**/*.py",
    "templates/**/*.html",
    "static/**/*",
)


def map_page(
    view: Callable[Concatenate[HttpRequest, Atlas, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Return the view the atlas; answer 304 while neither the map, kfmap nor the reader changed."""

    @require_safe
    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        atlas = load_atlas()
        etag, changed = _identify(request, atlas), _last_change(request, atlas)
        response: HttpResponseBase | None = get_conditional_response(request, etag, changed)
        if response is None:
            response = view(request, atlas, *args, **kwargs)
        if etag and response.status_code in (200, 304):
            response["ETag"] = etag
            if changed:
                response["Last-Modified"] = http_date(changed)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        return response

    return page


def is_fragment(request: HttpRequest) -> bool:
    """Say whether only the part of the page that changes is asked for."""
    return request.headers.get("HX-Request") == "true"


def _identify(request: HttpRequest, atlas: Atlas) -> str | None:
    """Return what a page changes with; None where it shows a message once."""
    if "messages" in request.COOKIES:
        return None
    reader = _identify_reader(request) if request.user.is_authenticated else ""
    parts = [ENGINE_VERSION, _code_stamp(), reader, is_fragment(request), atlas.identity()]
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _identify_reader(request: HttpRequest) -> tuple[object, ...]:
    """Return what only signed-in readers see: the uploads, and forms that their session sends."""
    return request.user.pk, request.COOKIES.get("csrftoken"), Job.objects.identity()


def _last_change(request: HttpRequest, atlas: Atlas) -> int | None:
    """Return the second in which the map or kfmap changed; None where a page has more than the map.

    A kernel that was removed changes the ETag only, which goes before this.
    """
    if "messages" in request.COOKIES or request.user.is_authenticated or not atlas.rows:
        return None
    newest = max(row.updated_at for row in atlas.rows).timestamp()
    return int(max(newest, _code_stamp() / 1e9))


@cache
def _code_stamp() -> int:
    """Return the time of the newest file that pages are made of: new code gives new pages."""
    base = Path(settings.BASE_DIR)
    return max(path.stat().st_mtime_ns for pattern in _MADE_OF for path in base.glob(pattern))
