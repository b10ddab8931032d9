"""Submissions in the API: listed, what became of their files, reports on them, their end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS, files
from kfmap.api.listing import PAGED, answer_page, is_asked, paged, read_choice, read_rows
from kfmap.api.serializers import ListedSubmissionSerializer, SubmissionSerializer
from kfmap.api.visible import spaces_of, submissions_of
from kfmap.catalogue.snapshot import one_snapshot
from verifier.engine.reports import RENDERERS
from verifier.records.endings import delete_upload
from verifier.records.models import Submission, SubmittedFile
from verifier.records.models.submission import SubmittedFileQuerySet
from verifier.records.report_download import export_report
from verifier.records.reporting import load_submission
from verifier.records.uploads import may_manage

REPORT_FORMAT = OpenApiParameter("format", enum=list(RENDERERS), description="default: json")
REPORTS = files(*dict.fromkeys(renderer.media_type for renderer in RENDERERS.values()))
_FILTERS = [
    OpenApiParameter("space", description="the space that they went into"),
    OpenApiParameter("own", bool, description="only one's own: true"),
]


@extend_schema(
    operation_id="submissions_list",
    parameters=[*_FILTERS, *PAGED],
    responses={200: paged(ListedSubmissionSerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayUse])
def submissions(request: Request) -> Response:
    """List the uploads that the reader may see, the latest first."""
    rows = submissions_of(request).select_related("user", "space").order_by("-created_at", "-pk")
    slugs = spaces_of(request).values_list("slug", flat=True)
    if slug := read_choice(request, "space", slugs):
        rows = rows.filter(space__slug=slug)
    if is_asked(request, "own"):
        rows = rows.filter(user=request.user.pk)
    return answer_page(request, rows, _describe)


def _describe(rows: Iterable[Submission]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "space": row.space.slug if row.space else None,
            "by": row.user.username if row.user else None,
            "uploaded_at": row.created_at,
            "origin": asdict(row.origin),
            "url": reverse("api-submission", args=[row.pk]),
        }
        for row in rows
    ]


@extend_schema(methods=["GET"], parameters=PAGED, responses={200: SubmissionSerializer, **PROBLEMS})
@extend_schema(methods=["DELETE"], responses={204: None, **PROBLEMS})
@api_view(["GET", "DELETE"])
@permission_classes([MayUse])
def submission(request: Request, submission_id: int) -> Response:
    """Return what became of the files of an upload, a page, and whether all are checked.

    `next` leads to further files. DELETE ends the upload: objects that nobody else uploaded go with
    it, bytes and all.
    """
    found = get_object_or_404(submissions_of(request), pk=submission_id)
    if request.method == "DELETE":
        if not may_manage(request.user, found):
            raise PermissionDenied("Only who uploaded it, or maintains its space, deletes it.")
        delete_upload(found, request.user)
        return Response(status=204)
    files, further = read_rows(request, _find_files(found))
    count = found.files.count()
    body = {
        "files": [_taken(file) for file in files],
        "count": count,
        "next": further,
        "over": not found.has_open_jobs(count),
        "origin": asdict(found.origin),
        "space": found.space.slug if found.space else None,
    }
    return Response(body)


@extend_schema(parameters=[REPORT_FORMAT], responses={**REPORTS, **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayUse])
@one_snapshot()
def submission_report(request: Request, submission_id: int) -> HttpResponse:
    """Return the report on an upload in a format."""
    found = get_object_or_404(submissions_of(request), pk=submission_id)
    chosen = request.query_params.get("format", "json")
    return export_report(chosen, load_submission(found, request.user), f"submission-{found.pk}")


def taken_files(submission: Submission) -> list[dict[str, Any]]:
    """Return what became of each file of an upload."""
    return [_taken(file) for file in _find_files(submission)]


def _find_files(submission: Submission) -> SubmittedFileQuerySet:
    return submission.files.select_related("object").prefetch_related("object__jobs")


def _taken(file: SubmittedFile) -> dict[str, Any]:
    sha256 = file.object.sha256 if file.object else None
    job = file.object.latest_job if file.object else None
    return {
        "file": file.name,
        "sha256": sha256,
        "url": file.object and reverse("api-result", args=[file.object.address]),
        "known_before": file.known_before,
        "problem": file.problem,
        "waits_for": job.waits_for if job else "",
    }
