"""Static files that are replaced under a running server are served as they are by then."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.http.response import FileResponse, HttpResponseBase
from django.test import RequestFactory

from kfmap.server.static_files import CurrentStaticFiles

_URL = "/static/page.css"


def _no_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no page", status=404)


def _ask(files: CurrentStaticFiles, **headers: str) -> HttpResponseBase:
    return files(RequestFactory().get(_URL, headers=headers))


def _body(answer: HttpResponseBase) -> bytes:
    assert isinstance(answer, FileResponse)
    body = b"".join(answer)
    assert len(body) == int(answer["Content-Length"])
    return body


def test_file_is_served_as_it_is_now(tmp_path: Path) -> None:
    files, file = CurrentStaticFiles(_no_page), tmp_path / "page.css"
    file.write_bytes(b"a{}")
    files.add_file_to_dictionary(_URL, str(file))
    before = _ask(files)
    assert _body(before) == b"a{}"
    assert _ask(files, **{"if-none-match": before["ETag"]}).status_code == 304
    (tmp_path / "newer.css").write_bytes(b"a{} b{}")
    (tmp_path / "newer.css").rename(file)
    assert _body(_ask(files, **{"if-none-match": before["ETag"]})) == b"a{} b{}"


def test_file_that_is_gone_is_not_there_until_it_is_back(tmp_path: Path) -> None:
    files, file = CurrentStaticFiles(_no_page), tmp_path / "page.css"
    file.write_bytes(b"a{}")
    files.add_file_to_dictionary(_URL, str(file))
    file.unlink()
    assert _ask(files).status_code == 404
    file.write_bytes(b"a{}")
    assert _body(_ask(files)) == b"a{}"
