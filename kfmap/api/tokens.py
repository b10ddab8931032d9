"""One's own tokens in the API: listed, made with scopes and an end, and revoked.

What a token makes can do no more than the token itself, in no other space, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayManage
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError
from kfmap.api.listing import PAGED, answer_page, is_asked, paged
from kfmap.api.models import MOST_TOKENS, ApiToken, ApiTokenQuerySet
from kfmap.api.serializers_tokens import (
    MadeTokenSerializer,
    NewTokenSerializer,
    TokenSerializer,
)
from kfmap.api.visible import space_of, spaces_of
from verifier.spaces.models import Space

_FULL = f"You have {MOST_TOKENS} tokens that can be used. Revoke one first."


@extend_schema(
    methods=["GET"],
    operation_id="tokens_list",
    parameters=[
        OpenApiParameter("usable", bool, description="only those that can be used now: true"),
        *PAGED,
    ],
    responses={200: paged(TokenSerializer), **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    operation_id="tokens_make",
    request=NewTokenSerializer,
    responses={201: MadeTokenSerializer, **PROBLEMS, **problems(409)},
)
@api_view(["GET", "POST"])
@permission_classes([MayManage])
def tokens(request: Request) -> Response:
    """List one's own tokens, the newest first; POST makes one, whose text is told this once."""
    if request.method == "GET":
        rows = _tokens_of(request)
        rows = rows.usable() if is_asked(request, "usable") else rows
        return answer_page(request, rows, lambda page: TokenSerializer(page, many=True).data)
    sent = NewTokenSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    said = sent.validated_data
    _hold_against(request, said["scopes"], said["days"])
    space = _find_space(request, said.get("space") or "")
    assert isinstance(request.user, User)
    if ApiToken.objects.usable().filter(user=request.user).count() >= MOST_TOKENS:
        raise ConflictError(_FULL)
    by = request.auth if isinstance(request.auth, ApiToken) else None
    made, text = ApiToken.objects.make(
        request.user, said["name"], said["scopes"], said["days"], space, by
    )
    return Response(MadeTokenSerializer(made, context={"token": text}).data, status=201)


@extend_schema(
    methods=["GET"], operation_id="tokens_read", responses={200: TokenSerializer, **PROBLEMS}
)
@extend_schema(methods=["DELETE"], operation_id="tokens_revoke", responses={204: None, **PROBLEMS})
@api_view(["GET", "DELETE"])
@permission_classes([MayManage])
def token(request: Request, pk: int) -> Response:
    """Return one of one's own tokens; DELETE revokes it for good, and it stays in the list."""
    found = get_object_or_404(_tokens_of(request), pk=pk)
    if request.method == "DELETE":
        found.revoke()
        return Response(status=204)
    return Response(TokenSerializer(found).data)


def _tokens_of(request: Request) -> ApiTokenQuerySet:
    """Return one's own tokens; for a token of one space those of that space alone."""
    rows = ApiToken.objects.filter(user=request.user.pk).select_related("space")
    space = space_of(request)
    return rows if space is None else rows.filter(space=space)


def _find_space(request: Request, slug: str) -> Space | None:
    """Return the space of a new token, None for all. Raises ValidationError."""
    if not slug:
        return space_of(request)
    found = spaces_of(request).filter(slug=slug).first()
    if found is None:
        raise ValidationError({"space": [f"There is no space “{slug}” that you may see."]})
    return found


def _hold_against(request: Request, scopes: Iterable[str], days: int) -> None:
    """Refuse what the token that asks may not itself. Raises PermissionDenied."""
    if not isinstance(request.auth, ApiToken):
        return
    if more := sorted(set(scopes) - set(request.auth.scopes)):
        named = ", ".join(f"“{scope}”" for scope in more)
        raise PermissionDenied(f"The token {request.auth} cannot give what it lacks: {named}.")
    if timezone.now() + timedelta(days=days) > request.auth.expires_at:
        day = f"{request.auth.expires_at:%Y-%m-%d %H:%M} UTC"
        raise PermissionDenied(f"The token {request.auth} ends on {day}: ask for fewer days.")
