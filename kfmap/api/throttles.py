"""Rates of requests, said in headers: `RateLimit-Policy` and `RateLimit` of every answer.

The form is that of the IETF draft "RateLimit header fields for HTTP": q requests in w seconds, of
which r are left and t seconds remain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from kfmap.quotas.rates import count_request

if TYPE_CHECKING:
    from rest_framework.views import APIView

_KEPT = "kfmap_rates"


class _Told(SimpleRateThrottle):
    """Counts for all web processes together, and notes on the request what is left of the rate."""

    num_requests: int | None  # set by the framework from the rate; the stubs lack both
    duration: int | None
    _seconds_left = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Return whether the request may be made; counts it."""
        key = self.get_cache_key(request, view)
        if key is None or not self.num_requests or not self.duration:
            return True
        counted = count_request(key, self.duration)
        self._seconds_left = counted.seconds_left
        left = max(self.num_requests - counted.requests, 0)
        told = (self.scope, self.num_requests, self.duration, left, counted.seconds_left)
        request._request.__dict__.setdefault(_KEPT, []).append(told)
        return counted.requests <= self.num_requests

    def wait(self) -> float:
        """Return after how many seconds the next request may be made."""
        return self._seconds_left


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
