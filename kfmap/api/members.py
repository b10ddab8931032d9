"""Members of a space in the API: listed, given another role, removed, and leaving."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayChange
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError
from kfmap.api.listing import PAGED, answer_page, paged
from kfmap.api.serializers_spaces import MemberSerializer, RoleSerializer
from kfmap.api.spaces import find_space, is_told_members
from verifier.spaces.membership import LastMaintainerError, change_role, end_membership
from verifier.spaces.models import Membership, Space
from verifier.spaces.roles import Action


@extend_schema(
    operation_id="members_list",
    parameters=PAGED,
    responses={200: paged(MemberSerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayChange])
def members(request: Request, slug: str) -> Response:
    """List who is in a space, by name; new ones come by invitation."""
    rows = _members_of(request, find_space(request, slug)).order_by("user__username")
    return answer_page(request, rows, lambda page: MemberSerializer(page, many=True).data)


@extend_schema(
    methods=["GET"], operation_id="members_read", responses={200: MemberSerializer, **PROBLEMS}
)
@extend_schema(
    methods=["PATCH"],
    operation_id="members_change",
    request=RoleSerializer,
    responses={200: MemberSerializer, **PROBLEMS, **problems(409)},
)
@extend_schema(
    methods=["DELETE"],
    operation_id="members_end",
    responses={204: None, **PROBLEMS, **problems(409)},
)
@api_view(["GET", "PATCH", "DELETE"])
@permission_classes([MayChange])
def member(request: Request, slug: str, user: str) -> Response:
    """Return what somebody is in a space; PATCH gives them another role, DELETE removes them.

    Everybody may remove themselves. The last maintainer stays: that is answered 409.
    """
    leaves = request.method == "DELETE" and user == request.user.get_username()
    reads = request.method == "GET" or leaves
    space = find_space(request, slug, Action.SEE if reads else Action.MANAGE)
    found = get_object_or_404(_members_of(request, space), user__username=user)
    try:
        if request.method == "DELETE":
            end_membership(found, request.user)
            return Response(status=204)
        if request.method == "PATCH":
            sent = RoleSerializer(data=request.data)
            sent.is_valid(raise_exception=True)
            change_role(found, sent.validated_data["role"], request.user)
            found.refresh_from_db()
    except LastMaintainerError as error:
        raise ConflictError(str(error)) from error
    return Response(MemberSerializer(found).data)


def _members_of(request: Request, space: Space) -> QuerySet[Membership]:
    if not is_told_members(request, space):
        raise PermissionDenied("Who is in a space is told to its members alone.")
    return space.memberships.select_related("user")
