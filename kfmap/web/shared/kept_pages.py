"""Pages as they were last made for readers nobody knows, kept in the process.

Making a page costs ten times what answering a request does, and what such a page shows changes only
with the map and with kfmap, as its ETag does. A reader who has a session or sends credentials gets
no kept page, and none is kept of theirs.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from kfmap.safe_text.printable import reveal_hidden
from kfmap.web.shared.hidden_characters import is_page

_MAX_BYTES = 32 << 20
_COMPRESSED_FROM = 200  # bytes, as GZipMiddleware has it
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered, compressed too."""

    content: bytes
    compressed: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int:
        """Return how many bytes it takes."""
        return len(self.content) + len(self.compressed)


class KeptPages:
    """The pages that were asked for last, as many as there is room for."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self.max_bytes, self._bytes = max_bytes, 0
        self._pages: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = Lock()
        self.found = self.missed = 0

    def find(self, request: HttpRequest, etag: str) -> HttpResponse | None:
        """Return the page that was made of the same map for the same address."""
        if _is_known(request):
            return None
        key = _key(request, etag)
        with self._lock:
            kept = self._pages.get(key)
            self.found += kept is not None
            self.missed += kept is None
            if kept is None:
                return None
            self._pages.move_to_end(key)
        response = HttpResponse(headers=dict(kept.headers))
        if kept.compressed and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.content = kept.compressed
            response["Content-Encoding"] = "gzip"
        else:
            response.content = kept.content
        return response

    def keep(self, request: HttpRequest, etag: str, response: HttpResponse) -> None:
        """Keep a page that is the same for everybody."""
        if _is_known(request) or _may_have_token(request):
            return
        if response.status_code != 200 or response.streaming or response.cookies:
            return
        content = reveal_hidden(response.content) if is_page(response) else response.content
        compressed = gzip.compress(content, 6, mtime=0) if len(content) > _COMPRESSED_FROM else b""
        self._put(_key(request, etag), Kept(content, compressed, tuple(response.items())))

    def clear(self) -> None:
        """Keep nothing of what there is."""
        with self._lock:
            self._pages.clear()
            self._bytes = 0

    def _put(self, key: Key, kept: Kept) -> None:
        if kept.size > self.max_bytes // 4:
            return
        with self._lock:
            replaced = self._pages.pop(key, None)
            self._bytes += kept.size - (replaced.size if replaced else 0)
            self._pages[key] = kept
            while self._bytes > self.max_bytes:
                self._bytes -= self._pages.popitem(last=False)[1].size


KEPT_PAGES = KeptPages()


def _is_known(request: HttpRequest) -> bool:
    """Return whether the reader could be told from others: by a session, a token or a user."""
    named = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
    return named or (hasattr(request, "user") and request.user.is_authenticated)


def _may_have_token(request: HttpRequest) -> bool:
    """Return whether the page may have the reader's token for forms in it.

    A reader who had the cookie before gets its token without a mark (django.middleware.csrf).
    """
    is_new = request.META.get("CSRF_COOKIE_NEEDS_UPDATE", False)
    return is_new or settings.CSRF_COOKIE_NAME in request.COOKIES


def _key(request: HttpRequest, etag: str) -> Key:
    return request.get_host(), request.scheme, request.get_full_path(), etag
