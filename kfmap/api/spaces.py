"""Spaces in the API: what they hold, who is in them, their audit trail, and one's inbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS
from kfmap.api.listing import PAGED, answer_page, is_asked, paged
from kfmap.api.serializers_spaces import (
    AuditEntrySerializer,
    ListedSpaceSerializer,
    ListedWaiverSerializer,
    NoticeSerializer,
    SpaceSerializer,
)
from kfmap.api.visible import spaces_of
from verifier.records.models import BpfObject, Waiver
from verifier.spaces.access import may, role_of
from verifier.spaces.models import AuditEntry, Space
from verifier.spaces.roles import ROLE_FOR, Action

_MAY_NOT = "It takes the role of a {role} in this space to do that."


def find_space(request: Request, slug: str, action: Action = Action.SEE) -> Space:
    """Return a space that the reader may do something in.

    Raises Http404 where they may not see it, and PermissionDenied.
    """
    space = get_object_or_404(spaces_of(request), slug=slug)
    if action != Action.SEE and not may(request.user, action, space):
        raise PermissionDenied(_MAY_NOT.format(role=ROLE_FOR[action].label.lower()))
    return space


@extend_schema(
    operation_id="spaces_list",
    parameters=PAGED,
    responses={200: paged(ListedSpaceSerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayUse])
def spaces(request: Request) -> Response:
    """List the spaces that the reader may see, with what they are in each."""
    rows = spaces_of(request).order_by("slug")
    return answer_page(request, rows, lambda page: [_describe(request, row) for row in page])


@extend_schema(operation_id="spaces_read", responses={200: SpaceSerializer, **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayUse])
def space(request: Request, slug: str) -> Response:
    """Return a space; its members are told to members alone."""
    found = find_space(request, slug)
    assert isinstance(request.user, User)
    told = found.memberships.filter(user=request.user).exists() or may(
        request.user, Action.MANAGE, found
    )
    rows = found.memberships.select_related("user").order_by("user__username") if told else []
    body = {
        **_describe(request, found),
        "objects": BpfObject.objects.in_space(found).count(),
        "policies": [row.slug for row in found.policies.in_force()],
        "members": [{"user": row.user.username, "role": row.role} for row in rows],
    }
    return Response(SpaceSerializer(body).data)


def _describe(request: Request, row: Space) -> dict[str, Any]:
    role = role_of(request.user, row)
    return {
        "slug": row.slug,
        "name": row.name,
        "about": row.about,
        "visibility": row.visibility,
        "role": role.value if role else None,
        "kernels": row.kernels,
        "retention_days": row.retention_days,
        "url": reverse("api-space", args=[row.slug]),
    }


@extend_schema(
    operation_id="spaces_audit",
    parameters=[OpenApiParameter("what", description="what was done, such as upload"), *PAGED],
    responses={200: paged(AuditEntrySerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayUse])
def audit(request: Request, slug: str) -> Response:
    """List what was done in a space, the latest first; for those who maintain it."""
    found = find_space(request, slug, Action.MANAGE)
    rows = AuditEntry.objects.visible_to(request.user).filter(space_id=found.pk)
    if what := request.query_params.get("what"):
        rows = rows.filter(what=what)
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


@extend_schema(
    methods=["GET"],
    operation_id="inbox_list",
    parameters=[
        OpenApiParameter("unread", bool, description="only what was not read: true"),
        *PAGED,
    ],
    responses={200: paged(NoticeSerializer), **PROBLEMS},
)
@extend_schema(
    methods=["POST"], operation_id="inbox_read", request=None, responses={204: None, **PROBLEMS}
)
@api_view(["GET", "POST"])
@permission_classes([MayUse])
def inbox(request: Request) -> Response:
    """List what one should know, the latest first; POST notes that all of it was read."""
    assert isinstance(request.user, User)
    if getattr(request.auth, "space", None) is not None:
        raise PermissionDenied("The inbox is for all spaces, and this token for one: use another.")
    notices = request.user.notices.all()
    if request.method == "POST":
        notices.filter(read_at=None).update(read_at=timezone.now())
        return Response(status=204)
    if is_asked(request, "unread"):
        notices = notices.filter(read_at=None)
    return answer_page(
        request,
        notices,
        lambda rows: [
            {
                "text": row.text,
                "url": row.url,
                "created_at": row.created_at,
                "read_at": row.read_at,
            }
            for row in rows
        ],
    )
