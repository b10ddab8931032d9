"""Badges in the API: those of pages, for programs that send a token."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS, files
from kfmap.api.spaces import find_space
from kfmap.api.visible import objects_of
from verifier.records.versions import find_newest
from verifier.web.badge import answer_badge

_ANSWERS = {**files("image/svg+xml"), **PROBLEMS}


@extend_schema(operation_id="objects_badge", responses=_ANSWERS)
@api_view(["GET"])
@permission_classes([MayUse])
def badge(request: Request, sha256: str, kernel: str) -> HttpResponse:
    """Return a picture of how an object fares on a kernel."""
    return answer_badge(get_object_or_404(objects_of(request).at(sha256)), kernel)


@extend_schema(operation_id="spaces_badge", responses=_ANSWERS)
@api_view(["GET"])
@permission_classes([MayUse])
def newest_badge(request: Request, slug: str, name: str, kernel: str) -> HttpResponse:
    """Return a picture of how the newest version of an object of a space fares on a kernel."""
    return answer_badge(find_newest(find_space(request, slug), name), kernel)
