"""Rates of requests, said in headers: `RateLimit-Policy` and `RateLimit` of every answer.

The form is that of the IETF draft "RateLimit header fields for HTTP": q requests in w seconds, of
which r are left and t seconds remain.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView

_KEPT = "kfmap_rates"


class _Told(SimpleRateThrottle):
    """Notes on the request what is left of the rate."""

    num_requests: int | None  # set by the framework from the rate; the stubs lack both
    duration: int | None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return whether the request may be made; counts it."""
        allowed = super().allow_request(request, view)
        if getattr(self, "key", None) and self.num_requests and self.duration:
            history: list[float] = self.history
            left = max(self.num_requests - len(history), 0) if allowed else 0
            wait = self.duration - (self.now - history[-1]) if history else self.duration
            told = (self.scope, self.num_requests, self.duration, left, math.ceil(wait))
            rates = request._request.__dict__.setdefault(_KEPT, [])
            rates.append(told)
        return allowed


class AnyoneThrottle(_Told, AnonRateThrottle):
    """Requests of those who did not sign in, by their address."""


class AccountThrottle(_Told, UserRateThrottle):
    """Requests of those who did."""

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return None, which counts nothing, for those whom `AnyoneThrottle` counts."""
        if not request.user or not request.user.is_authenticated:
            return None
        return super().get_cache_key(request, view)


class CostlyThrottle(AccountThrottle):
    """Requests that take much of the machine: a virtual machine, a document of megabytes."""

    scope = "costly"
    rate = "60/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return None, which counts nothing, for those who only read."""
        return None if request.method in SAFE_METHODS else super().get_cache_key(request, view)


class RateHeaders:
    """Writes the rates of a request into its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        response = self._get_response(request)
        rates = request.__dict__.get(_KEPT, ())
        if rates:
            response["RateLimit-Policy"] = ", ".join(
                f'"{scope}";q={most};w={seconds}' for scope, most, seconds, _, _ in rates
            )
            response["RateLimit"] = ", ".join(
                f'"{scope}";r={left};t={wait}' for scope, _, _, left, wait in rates
            )
        return response
