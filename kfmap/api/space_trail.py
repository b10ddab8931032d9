"""What was done and agreed on in a space, in the API: its audit trail and its waivers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS
from kfmap.api.listing import PAGED, answer_page, is_asked, paged
from kfmap.api.serializers_spaces import AuditEntrySerializer, ListedWaiverSerializer
from kfmap.api.spaces import find_space
from verifier.records.models import Waiver
from verifier.spaces.models import AuditEntry
from verifier.spaces.roles import Action
from verifier.web.spaces.audit import TRAIL_FORMATS, export_trail

_WHOLE = OpenApiParameter(
    "format", enum=list(TRAIL_FORMATS), description="the whole trail in one file; default: a page"
)


@extend_schema(
    operation_id="spaces_audit",
    parameters=[
        OpenApiParameter("what", description="what was done, such as upload"),
        _WHOLE,
        *PAGED,
    ],
    responses={
        (200, "application/json"): paged(AuditEntrySerializer),
        (200, "text/csv"): OpenApiTypes.STR,
        (200, TRAIL_FORMATS["xlsx"][1]): OpenApiTypes.BINARY,
        **PROBLEMS,
    },
)
@api_view(["GET"])
@permission_classes([MayUse])
def audit(request: Request, slug: str) -> HttpResponse:
    """List what was done in a space, the latest first; for those who maintain it."""
    found = find_space(request, slug, Action.MANAGE)
    rows = AuditEntry.objects.visible_to(request.user).filter(space_id=found.pk)
    if what := request.query_params.get("what"):
        rows = rows.filter(what=what)
    if chosen := request.query_params.get("format"):
        return export_trail(found, rows, chosen)
    return answer_page(request, rows, _entries)


def _entries(rows: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    return [
        {
            "at": row.at,
            "actor": row.actor_name,
            "what": row.what,
            "subject": row.subject,
            "details": row.data,
        }
        for row in rows
    ]


@extend_schema(
    operation_id="spaces_waivers",
    parameters=[
        OpenApiParameter("active", bool, description="only those that count now: true"),
        *PAGED,
    ],
    responses={200: paged(ListedWaiverSerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayUse])
def waivers(request: Request, slug: str) -> Response:
    """List the waivers of a space, the latest first: who answers for which finding, until when."""
    rows = Waiver.objects.filter(space=find_space(request, slug)).select_related("owner")
    if is_asked(request, "active"):
        rows = rows.active()
    return answer_page(request, rows, _waivers)


def _waivers(rows: Iterable[Waiver]) -> list[dict[str, Any]]:
    return [
        {
            "fingerprint": row.fingerprint,
            "finding": row.finding,
            "reason": row.reason,
            "owner": row.owner.username if row.owner else None,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "withdrawn_at": row.withdrawn_at,
            "active": row.withdrawn_at is None and row.expires_at > timezone.now(),
        }
        for row in rows
    ]
