"""Believe what a proxy says of the client only where the settings name the proxy.

What it says takes the place of the client's address and scheme, and the headers are taken away: no
throttle, log or redirect behind this can believe them once more.
"""

from __future__ import annotations

from collections.abc import Collection

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from kfmap.server.asgi_types import Application, Receive, Scope, Send

_CLAIMS = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded")


def behind_proxies(application: Application, proxies: Collection[str]) -> Application:
    """Return an ASGI application around another one; `proxies` are addresses and networks."""

    async def without_claims(scope: Scope, receive: Receive, send: Send) -> None:
        if "headers" in scope:
            headers = [item for item in scope["headers"] if item[0] not in _CLAIMS]
            scope = {**scope, "headers": headers}
        await application(scope, receive, send)

    if not proxies:
        return without_claims
    return ProxyHeadersMiddleware(without_claims, ",".join(proxies))  # type: ignore[arg-type, return-value]  # the same words, typed more narrowly
