"""A kfmap server as the shell asks it: its API, with a token."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx

from kfmap import __version__
from kfmap.catalogue.kernel_names import find_by_any_name, find_newest
from kfmap.catalogue.kernel_order import oldest_first
from kfmap.cli.commands import CommandFailedError
from kfmap.safe_text.printable import printable

TOKEN = "KFMAP_TOKEN"  # the name of a variable, not a secret  # noqa: S105
_SECONDS = 60.0
_UPLOAD_SECONDS = 600.0
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_WAITS = (0.5, 2.0, 5.0)  # before each further try
_LONGEST_WAIT = 65.0  # that is waited where the server asks for it: a rate is counted by the minute
_FOR_A_MOMENT = frozenset({409, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file; `problem` says why it was not taken, "" where it was."""

    file: str
    address: str
    problem: str


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that the server took in, and its address under the API."""

    address: str
    files: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class _Kernel:
    name: str
    version: str
    label: str
    released: bool


class ServerClient:
    """One server. Every method raises CommandFailedError where it does not answer as it should."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise CommandFailedError(
                f"{url!r} is not the address of a server: begin it with https://."
            )
        self.url = url.rstrip("/")
        headers = {"User-Agent": f"kfmap/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        # A redirect is not followed: the token is for this server and no other.
        self._http = httpx.Client(headers=headers, timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def find_kernels(self, names: Sequence[str]) -> list[str]:
        """Return the kernels of the server by any of their names; the newest for none.

        Raises CommandFailedError naming those it has.
        """
        rows = self._get("/api/kernels/").json()
        known = oldest_first(
            _Kernel(row["name"], row["version"], row["label"], row["released"]) for row in rows
        )
        newest = find_newest(known)
        if not names:
            return [newest.name] if newest else []
        found = [(name, find_by_any_name(known, name)) for name in names]
        for name, kernel in found:
            if kernel is None:
                there = ", ".join(kernel.name for kernel in reversed(known))
                raise CommandFailedError(f"The server has no kernel {name!r}; it has {there}.")
        return [kernel.name for _, kernel in found if kernel]

    def submit(
        self, files: Sequence[tuple[str, bytes]], fields: Sequence[tuple[str, str]]
    ) -> Upload:
        """Send files; what has to be sent again, as the answer got lost, is not taken in twice."""
        data: dict[str, list[str]] = {}
        for name, text in fields:
            data.setdefault(name, []).append(text)
        response = self._ask(
            "POST",
            "/api/objects/",
            files=[("objects", file) for file in files],
            data=data,
            headers={"Idempotency-Key": str(uuid4())},
            timeout=_UPLOAD_SECONDS,
        )
        taken = [
            Taken(item["file"], _address(item["url"]), item["problem"]) for item in response.json()
        ]
        return Upload(response.headers["Location"], tuple(taken))

    def is_over(self, address: str) -> bool:
        """Return whether everything of an upload is checked."""
        return bool(self._get(address).json()["over"])

    def read_report(self, address: str, name: str) -> bytes:
        """Return the report on an upload in a format."""
        return self.read(f"{address}report/?format={name}")

    def read(self, address: str) -> bytes:
        """Return what an address of the server gives."""
        return self._get(address).content

    def find_space(self, address: str) -> str:
        """Return the space that an upload is in."""
        return str(self._get(address).json()["space"])

    def read_object(self, address: str) -> Mapping[str, Any] | None:
        """Return an object as JSON reports have it, None for one that could not be read."""
        objects = self._get(f"/api/objects/{address}/").json()["report"]["objects"]
        return objects[0] if objects else None

    def find_version_before(self, address: str, space: str) -> str | None:
        """Return what names the version before an object in a space, None for the first one."""
        rows = self._get(f"/api/objects/{address}/versions/?space={quote(space)}").json()["results"]
        named = [_address(row["url"]) for row in rows]
        later = named.index(address) + 1 if address in named else len(named)
        return named[later] if later < len(named) else None

    def _get(self, address: str) -> httpx.Response:
        return self._ask("GET", address)

    def _ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        """Ask, again where the server is away for a moment or asks to wait."""
        for wait in (*_WAITS, None):
            try:
                response = self._http.request(method, self.url + address, **more)
            except httpx.TransportError as error:
                if wait is None:
                    why = printable(_ERRNO.sub("", str(error))) or "the connection broke off"
                    raise CommandFailedError(f"{self.url} does not answer: {why}.") from error
            else:
                if response.status_code not in _FOR_A_MOMENT or wait is None:
                    break
                wait = max(wait, _asked_to_wait(response))
                if wait > _LONGEST_WAIT:
                    break
            time.sleep(wait)
        if response.is_success:
            return response
        raise CommandFailedError(f"{self.url} answers {response.status_code}: {_detail(response)}")


def _asked_to_wait(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _detail(response: httpx.Response) -> str:
    """Return the sentence of a problem, else what the status is called."""
    if response.is_redirect:
        return f"it sends to {printable(response.headers.get('Location', 'another address'))}."
    try:
        said = response.json()
    except ValueError:
        said = None
    detail = said.get("detail") if isinstance(said, dict) else None
    return printable(str(detail or f"{response.reason_phrase}."))


def _address(url: str | None) -> str:
    """Return what names an object in addresses, of that of its result; "" where there is none."""
    return (url or "").strip("/").rpartition("/")[2]
