"""Versions of an object in the API: in each space by name, and what changed between two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS, files, problems
from kfmap.api.errors import ConflictError
from kfmap.api.listing import PAGED, answer_page, paged, read_choice
from kfmap.api.serializers import VersionSerializer
from kfmap.api.visible import objects_of, space_of, spaces_of
from kfmap.catalogue.snapshot import one_snapshot
from kfmap.reports.formats import FORMATS
from kfmap.web.shared.export import export_report
from verifier.engine.reports.version_report import build_version_report
from verifier.records.models import SubmittedFile
from verifier.records.outcome import load_outcomes, worst_by_kernel
from verifier.records.reporting import load_report
from verifier.records.versions import Version, list_versions
from verifier.spaces.models import Space

_FILTERS = [
    OpenApiParameter("space", description="the space whose versions are asked for; default: all"),
    OpenApiParameter("branch", description="the branch that versions were built from"),
    OpenApiParameter("commit", description="the beginning of the commit"),
]
_FORMAT = OpenApiParameter("format", enum=list(FORMATS), description="default: json")
_REPORTS = files(*dict.fromkeys(item.media_type for item in FORMATS.values()))
_UNREAD = "One of the two has not been read yet or cannot be read, so there is nothing to compare."


@extend_schema(
    operation_id="objects_versions",
    parameters=[*_FILTERS, *PAGED],
    responses={200: paged(VersionSerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayUse])
def versions(request: Request, sha256: str) -> Response:
    """List the versions of an object, space by space; in each the newest, which answers, first."""
    obj = get_object_or_404(objects_of(request).at(sha256))
    there = SubmittedFile.objects.filter(object=obj).values("submission__space")
    spaces = spaces_of(request).filter(pk__in=there).order_by("slug")
    asked = request.query_params
    if slug := read_choice(request, "space", spaces.values_list("slug", flat=True)):
        spaces = spaces.filter(slug=slug)
    rows = [
        (space, version)
        for space in spaces
        for version in list_versions(space, obj.file_name)
        if asked.get("branch", version.origin.branch) == version.origin.branch
        and version.origin.commit.startswith(asked.get("commit", ""))
    ]
    return answer_page(request, rows, _describe)


def _describe(rows: Iterable[tuple[Space, Version]]) -> list[dict[str, Any]]:
    rows = list(rows)
    outcomes = load_outcomes(version.object for _, version in rows)
    return [
        {
            "space": space.slug,
            "name": version.object.file_name,
            "sha256": version.object.sha256,
            "uploaded_at": version.uploaded_at,
            "by": str(version.by) if version.by else None,
            "origin": asdict(version.origin),
            "verdicts": worst_by_kernel(outcomes.get(version.object.pk, [])),
            "url": reverse("api-result", args=[version.object.address]),
        }
        for space, version in rows
    ]


@extend_schema(
    operation_id="objects_since",
    parameters=[_FORMAT],
    responses={**_REPORTS, **PROBLEMS, **problems(409)},
)
@api_view(["GET"])
@permission_classes([MayUse])
@one_snapshot()
def version_report(request: Request, sha256: str, before: str) -> HttpResponse:
    """Return the report on what changed from an older version to this one, in a format."""
    new, old = (get_object_or_404(objects_of(request).at(name)) for name in (sha256, before))
    (was, now), options = load_report([old, new], request.user, space=space_of(request))
    if was.summary is None or now.summary is None:
        raise ConflictError(_UNREAD)
    chosen = request.query_params.get("format", "json")
    return export_report(chosen, build_version_report(was, now, options))
