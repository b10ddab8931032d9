"""Middleware: the files that pages are made of, as they are now."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

_Stamp = tuple[int, int]  # time of the last change in ns, size in bytes


class CurrentStaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # the library has no types
    """Serves a file that was replaced under a running server as it is by now.

    WhiteNoise notes the size and the time of each at the start. It sent a file that an upgrade had
    replaced under its old length, which breaks the connection, until the server was started again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._noted: dict[str, tuple[str, _Stamp]] = {}
        super().__init__(get_response)

    def add_file_to_dictionary(
        self, url: str, path: str, stat_cache: Mapping[str, os.stat_result] | None = None
    ) -> None:
        """Note a file, and what it is like."""
        super().add_file_to_dictionary(url, path, stat_cache=stat_cache)
        found = stat_cache[path] if stat_cache else Path(path).stat()
        self._noted[url] = path, _stamp(found)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the file of an address; one that is gone is for the pages to answer."""
        if noted := self._noted.get(request.path_info):
            self._look_again(request.path_info, *noted)
        answer: HttpResponseBase = super().__call__(request)
        return answer

    def _look_again(self, url: str, path: str, was: _Stamp) -> None:
        try:
            now = _stamp(Path(path).stat())
        except FileNotFoundError:
            self.files.pop(url, None)
            return
        if now != was or url not in self.files:
            self.add_file_to_dictionary(url, path)


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_mtime_ns, found.st_size
