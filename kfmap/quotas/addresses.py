"""The address that a request is counted under."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

_NETWORK = 64  # bits: one customer's in IPv6, who may change the rest at will


def address_of(request: HttpRequest) -> str:
    """Return the client's address, of IPv6 its network; headers of clients are not believed."""
    text: str = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # a socket in the file system has none
        return text or "local"
    if isinstance(address, ipaddress.IPv4Address):
        return text
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _NETWORK), strict=False))


def remote_address(request: HttpRequest) -> str | None:
    """Return what django-axes counts attempts on one name by."""
    return request.META.get("REMOTE_ADDR")
