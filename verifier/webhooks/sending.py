"""Send one request: to an address that was looked at, in bounded time, taking a bounded answer."""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import certifi
import httpcore

from verifier.webhooks.targets import RefusedTargetError, Resolver, find_addresses, read_target

_MOST_BYTES = 64 * 1024
_SHOWN = 2000  # characters of an answer that are kept


class NotDeliveredError(Exception):
    """The request got no answer that counts: says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said."""

    status: int
    text: str

    @property
    def problem(self) -> str:
        """Return why it does not count as taken, "" where it does."""
        if 200 <= self.status < 300:
            return ""
        if 300 <= self.status < 400:
            return f"It answers {self.status}: redirects are not followed. Name the last address."
        return f"It answers {self.status}."


def send(
    address: str,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float,
    allowed: Collection[str] = (),
    resolve: Resolver | None = None,
) -> Answer:
    """Post the body. Raises NotDeliveredError.

    `seconds` bounds all of it together: a receiver that answers byte by byte gets no longer.
    """
    try:
        target = read_target(address, allowed)
        ends_at = time.monotonic() + seconds
        addresses = find_addresses(target, seconds / 2, resolve)
        backend = _Pinned(addresses, ends_at)
        with httpcore.ConnectionPool(_trusted(), network_backend=backend) as pool:
            return _post(pool, address, headers, body)
    except RefusedTargetError as error:
        raise NotDeliveredError(str(error)) from error
    except httpcore.TimeoutException as error:
        raise NotDeliveredError(f"It did not answer within {seconds:g} seconds.") from error
    except ssl.SSLError as error:
        raise NotDeliveredError(f"Its certificate is not accepted: {_reason(error)}.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise NotDeliveredError(_network_problem(error)) from error


def _post(
    pool: httpcore.ConnectionPool, address: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    sent = [*headers.items(), ("Content-Length", str(len(body))), ("Connection", "close")]
    with pool.stream("POST", address, headers=sent, content=body) as response:
        text = b""
        for chunk in response.iter_stream():
            text += chunk
            if len(text) >= _MOST_BYTES:
                break
        return Answer(response.status, text.decode(errors="replace")[:_SHOWN].replace("\0", "�"))


class _Pinned(httpcore.NetworkBackend):
    """Connects to the addresses that were looked at, whatever the name means by now."""

    def __init__(self, addresses: list[str], ends_at: float) -> None:
        self._addresses, self._ends_at = addresses, ends_at
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return the connection to the first address that takes one."""
        for address in self._addresses:
            try:
                stream = self._system.connect_tcp(address, port, _left(self._ends_at) / 2)
                return _Timed(stream, self._ends_at)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == self._addresses[-1]:
                    raise
        raise httpcore.ConnectError("no address")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._system.sleep(seconds)


class _Timed(httpcore.NetworkStream):
    """A connection whose steps all end at one time."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next."""
        return self._stream.read(max_bytes, _left(self._ends_at))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._stream.write(buffer, _left(self._ends_at))

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the connection in TLS; the certificate is held against the name, as it must be."""
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._ends_at))
        return _Timed(stream, self._ends_at)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of the connection."""
        return self._stream.get_extra_info(info)


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


@cache
def _trusted() -> ssl.SSLContext:
    """Return the authorities of this machine and those of certifi; containers often have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _reason(error: ssl.SSLError) -> str:
    return str(getattr(error, "verify_message", "") or error.reason or "TLS failed").strip(". ")


def _network_problem(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"Its certificate is not accepted: {_reason(cause)}."
        if isinstance(cause, OSError) and cause.strerror:
            return f"It cannot be reached: {cause.strerror.lower()}."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore.ProtocolError):
        return "It did not answer in HTTP, or it hung up."
    return "It cannot be reached."
