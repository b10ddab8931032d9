"""Where webhooks may go: to public addresses by HTTPS, and to hosts that the settings allow.

A name is resolved once, all its addresses are looked at, and one of these is connected to: what a
second answer of the name server says plays no part.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]
MAX_ADDRESS = 500
_RESERVED_PORTS = range(1, 1024)
_HTTPS = 443
# What Python's `is_global` takes for public, or may lead elsewhere than it says.
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's host agent, which has secrets of the machine
            "192.0.0.0/24",  # of protocols, RFC 6890
            "192.88.99.0/24",  # relays of 6to4, RFC 7526
            "2001::/32",  # Teredo, RFC 4380
            "2002::/16",  # 6to4, RFC 3056
            "64:ff9b:1::/48",  # NAT64 of a site, RFC 8215
            "fec0::/10",  # of a site, RFC 3879
        ),
    )
)
# IPv6 whose last four bytes are the IPv4 address that it leads to.
_TRANSLATED = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "64:ff9b::/96",  # NAT64, RFC 6052
            "::ffff:0:0/96",  # IPv4-mapped, RFC 4291
            "::/96",  # IPv4-compatible, RFC 4291
        ),
    )
)


class RefusedTargetError(ValueError):
    """A webhook may not go there: says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host and a port; `is_internal`: the settings allow it whatever its addresses are."""

    host: str
    port: int
    is_internal: bool


def read_target(address: str, allowed: Collection[str] = ()) -> Target:
    """Return where an address leads. Raises RefusedTargetError for what no webhook may have.

    `allowed`: hosts, or hosts with a port, that may have private addresses and plain HTTP.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise RefusedTargetError("This is not a web address.") from error
    host = (parts.hostname or "").rstrip(".").lower()
    if len(address) > MAX_ADDRESS or not address.isascii() or not address.isprintable():
        raise RefusedTargetError(
            f"Write the address in at most {MAX_ADDRESS} ASCII characters without spaces."
        )
    if parts.scheme not in ("https", "http") or not host or " " in address:
        raise RefusedTargetError("Write an address such as https://example.org/hook.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise RefusedTargetError("Leave name, password and fragment out of the address.")
    port = port or (_HTTPS if parts.scheme == "https" else 80)
    if host in allowed or f"{host}:{port}" in allowed:
        return Target(host, port, True)
    if parts.scheme != "https":
        raise RefusedTargetError("Use https: what a webhook sends is not for others to read.")
    if port != _HTTPS and port in _RESERVED_PORTS:
        raise RefusedTargetError(f"Port {port} is for other things: use 443, or one above 1023.")
    _refuse_literal(host)
    return Target(host, port, False)


def find_addresses(target: Target, seconds: float, resolve: Resolver | None = None) -> list[str]:
    """Return the addresses of a host, all of them looked at. Raises RefusedTargetError.

    One that is not public is enough to refuse the host: a name with both kinds is a trap.
    """
    found = _resolve(target, seconds, resolve or _ask_system)
    if not found:
        raise RefusedTargetError(f"The name {target.host} has no address.")
    if not target.is_internal and not all(map(is_public, found)):
        raise RefusedTargetError(_not_public(target.host))
    return list(dict.fromkeys(found))


def is_public(text: str) -> bool:
    """Return whether an address is one of the open internet, whatever form it is written in."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:  # with a zone, as fe80::1%eth0: of a link
        return False
    if any(address in network for network in _TRANSLATED if network.version == address.version):
        return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _refuse_literal(host: str) -> None:
    """Check an address in digits at once, as a name is checked when something is sent."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not is_public(host):
        raise RefusedTargetError(_not_public(host))


def _not_public(host: str) -> str:
    return (
        f"{host} is not an address of the open internet. Whoever runs this kfmap allows hosts of "
        "their own with KFMAP_WEBHOOK_HOSTS."
    )


def _resolve(target: Target, seconds: float, resolve: Resolver) -> list[str]:
    """Ask the name server, which may take its time: then in a thread that is left behind."""
    pool = ThreadPoolExecutor(1, "resolve")
    try:
        return list(pool.submit(resolve, target.host, target.port).result(max(0.1, seconds)))
    except TimeoutError as error:
        raise RefusedTargetError(f"The name {target.host} was not resolved in time.") from error
    except (OSError, UnicodeError) as error:
        raise RefusedTargetError(f"The name {target.host} cannot be resolved.") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ask_system(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]
