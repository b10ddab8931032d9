"""Invitations in the API: maintainers make and withdraw them, others read and accept them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayChange, MayManage
from kfmap.api.described import PROBLEMS
from kfmap.api.listing import PAGED, answer_page, paged
from kfmap.api.serializers_spaces import (
    InvitationSerializer,
    ListedInvitationSerializer,
    NewInvitationSerializer,
    RoleSerializer,
)
from kfmap.api.spaces import find_space
from kfmap.api.visible import expect_all_spaces
from verifier.spaces.membership import invite, join, withdraw
from verifier.spaces.models import Invitation
from verifier.spaces.roles import Action

_OVER = "There is no such invitation: it was used, withdrawn, or is too old. Ask for another."


@extend_schema(
    methods=["GET"],
    operation_id="invitations_list",
    parameters=PAGED,
    responses={200: paged(ListedInvitationSerializer), **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    operation_id="invitations_make",
    request=RoleSerializer,
    responses={201: NewInvitationSerializer, **PROBLEMS},
)
@api_view(["GET", "POST"])
@permission_classes([MayManage])
def invitations(request: Request, slug: str) -> Response:
    """List the links into a space that were not used yet; POST makes one, told this once.

    It works once, for a week, and while whoever made it maintains the space.
    """
    space = find_space(request, slug, Action.MANAGE)
    if request.method == "GET":
        rows = space.invitations.select_related("created_by")
        return answer_page(
            request, rows, lambda page: ListedInvitationSerializer(page, many=True).data
        )
    sent = RoleSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    assert isinstance(request.user, User)
    made, token = invite(space, sent.validated_data["role"], request.user)
    body = {
        **ListedInvitationSerializer(made).data,
        "link": request.build_absolute_uri(reverse("invitation", args=[token])),
        "url": reverse("api-invitation-accept", args=[token]),
    }
    return Response(body, status=201)


@extend_schema(operation_id="invitations_withdraw", responses={204: None, **PROBLEMS})
@api_view(["DELETE"])
@permission_classes([MayManage])
def invitation(request: Request, slug: str, pk: int) -> Response:
    """Withdraw a link: it leads nowhere any more."""
    space = find_space(request, slug, Action.MANAGE)
    withdraw(get_object_or_404(space.invitations, pk=pk), request.user)
    return Response(status=204)


@extend_schema(
    methods=["GET"],
    operation_id="invitations_read",
    responses={200: InvitationSerializer, **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    operation_id="invitations_accept",
    request=None,
    responses={200: InvitationSerializer, **PROBLEMS},
)
@api_view(["GET", "POST"])
@permission_classes([MayChange])
def accept(request: Request, token: str) -> Response:
    """Return which space a link leads into, and as what; POST makes whoever asks a member there.

    A role that they have there already, and that may do more, stays.
    """
    expect_all_spaces(request)
    link = Invitation.objects.usable(token)
    assert isinstance(request.user, User)
    if link is None or (request.method == "POST" and not join(link, request.user)):
        raise NotFound(_OVER)
    body = {
        "space": link.space.slug,
        "name": link.space.name,
        "role": link.role,
        "created_by": link.created_by.username,
        "expires_at": link.expires_at,
    }
    return Response(InvitationSerializer(body).data)
