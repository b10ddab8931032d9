"""KFMAP_HTTPS behind a proxy: what browsers are told, and whom the server believes."""

from __future__ import annotations

import urllib.request
from email.message import Message
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import Up, manage, up

PRODUCTION = {"KFMAP_HTTPS": "on", "KFMAP_ALLOWED_HOSTS": "kfmap.example.org,127.0.0.1"}
FROM_PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def ask(server: Up, path: str, headers: dict[str, str]) -> tuple[int, Message]:
    """Return status and headers of an answer."""
    opener = urllib.request.build_opener(_Stay)
    request = urllib.request.Request(server.address + path, headers=headers)
    try:
        with opener.open(request, timeout=20) as answer:
            assert isinstance(answer, HTTPResponse)
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_documented_production_settings_pass_the_checks_of_django(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("proxies", ["10.0.0.300", "kfmap.example.org"])
def test_proxy_that_is_no_address_is_named(tmp_path: Path, proxies: str) -> None:
    ended = manage(tmp_path, "check", KFMAP_TRUSTED_PROXIES=proxies)
    assert "KFMAP_TRUSTED_PROXIES cannot be read" in ended.stderr


def test_readers_are_kept_on_https_by_the_word_of_the_proxy(tmp_path: Path) -> None:
    with up(tmp_path, KFMAP_TRUSTED_PROXIES="127.0.0.1", **PRODUCTION) as server:
        status, headers = ask(server, "/accounts/login/", {})
        assert (status, headers["Location"][:8]) == (301, "https://")
        assert ask(server, "/healthz", {})[0] == 200
        status, headers = ask(server, "/accounts/login/", FROM_PROXY)
        assert status == 200
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Secure" in headers["Set-Cookie"]
        assert {"no-store", "private"} <= set(headers["Cache-Control"].split(", "))


def test_nobody_is_believed_who_is_not_named(tmp_path: Path) -> None:
    with up(tmp_path, KFMAP_TRUSTED_PROXIES="10.0.0.0/8", **PRODUCTION) as server:
        assert ask(server, "/accounts/login/", FROM_PROXY)[0] == 301
