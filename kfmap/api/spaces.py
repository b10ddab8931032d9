"""Spaces in the API: listed, made, read with who is in them, changed, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.forms import ModelForm, model_to_dict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayChange
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError, expect_valid
from kfmap.api.listing import PAGED, answer_page, paged
from kfmap.api.serializers_spaces import (
    ListedSpaceSerializer,
    NewSpaceSerializer,
    SettingsSerializer,
    SpaceSerializer,
)
from kfmap.api.visible import expect_all_spaces, spaces_of
from verifier.records.endings import delete_space
from verifier.records.newest import count_in
from verifier.spaces.access import may, roles_in
from verifier.spaces.models import Space
from verifier.spaces.roles import ROLE_FOR, Action
from verifier.spaces.space_changes import (
    AddressTakenError,
    keep_settings,
    make_space,
)
from verifier.web.spaces.forms import NewSpaceForm, SettingsForm

_MAY_NOT = "It takes the role of a {role} in this space to do that."
_PERSONAL = "A personal space goes with its owner's account, and not before."


def find_space(request: Request, slug: str, action: Action = Action.SEE) -> Space:
    """Return a space that the reader may do something in.

    Raises Http404 where they may not see it, and PermissionDenied.
    """
    space = get_object_or_404(spaces_of(request), slug=slug)
    if action != Action.SEE and not may(request.user, action, space):
        raise PermissionDenied(_MAY_NOT.format(role=ROLE_FOR[action].label.lower()))
    return space


def is_told_members(request: Request, space: Space) -> bool:
    """Return whether the reader is told who is in a space: its members are, and who manages it."""
    assert isinstance(request.user, User)
    is_member = space.memberships.filter(user=request.user).exists()
    return is_member or may(request.user, Action.MANAGE, space)


@extend_schema(
    methods=["GET"],
    operation_id="spaces_list",
    parameters=PAGED,
    responses={200: paged(ListedSpaceSerializer), **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    operation_id="spaces_make",
    request=NewSpaceSerializer,
    responses={201: SpaceSerializer, **PROBLEMS},
)
@api_view(["GET", "POST"])
@permission_classes([MayChange])
def spaces(request: Request) -> Response:
    """List the spaces that the reader may see, with what they are in each; POST makes one.

    A new space is private, and who makes it maintains it.
    """
    if request.method == "GET":
        rows = spaces_of(request).order_by("slug")
        return answer_page(request, rows, lambda page: _describe(request, page))
    expect_all_spaces(request)
    sent = NewSpaceSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    space = _read_form(NewSpaceForm(sent.validated_data))
    assert isinstance(request.user, User)
    try:
        make_space(space, request.user)
    except AddressTakenError as error:
        raise ValidationError({"slug": [str(error)]}) from error
    return _answer(request, space, status=201)


@extend_schema(
    methods=["GET"], operation_id="spaces_read", responses={200: SpaceSerializer, **PROBLEMS}
)
@extend_schema(
    methods=["PATCH"],
    operation_id="spaces_change",
    request=SettingsSerializer(partial=True),
    responses={200: SpaceSerializer, **PROBLEMS},
)
@extend_schema(
    methods=["DELETE"],
    operation_id="spaces_end",
    responses={204: None, **PROBLEMS, **problems(409)},
)
@api_view(["GET", "PATCH", "DELETE"])
@permission_classes([MayChange])
def space(request: Request, slug: str) -> Response:
    """Return a space; its members are told to members alone. PATCH changes its name and settings.

    DELETE ends it with its uploads; only its audit trail stays.
    """
    found = find_space(request, slug, Action.SEE if request.method == "GET" else Action.MANAGE)
    if request.method == "DELETE":
        if found.is_personal:
            raise ConflictError(_PERSONAL)
        delete_space(found, request.user)
        return Response(status=204)
    if request.method == "PATCH":
        _change(request, found)
    return _answer(request, found)


def _change(request: Request, space: Space) -> None:
    """Keep the settings that were sent; those that were not stay. Raises ValidationError."""
    sent = SettingsSerializer(data=request.data, partial=True)
    sent.is_valid(raise_exception=True)
    before = model_to_dict(space, SettingsForm.Meta.fields)
    form = SettingsForm({**before, **sent.validated_data}, instance=space)
    keep_settings(_read_form(form), form.changed_data, request.user)


def _read_form(form: ModelForm[Space]) -> Space:
    """Return what a form makes, not kept yet. Raises ValidationError with sentences by field."""
    expect_valid(form)
    return form.save(commit=False)


def _answer(request: Request, space: Space, status: int = 200) -> Response:
    told = is_told_members(request, space)
    rows = space.memberships.select_related("user").order_by("user__username") if told else []
    count, is_exact = count_in(space)
    body = {
        **_describe(request, [space])[0],
        "objects": count,
        "objects_is_exact": is_exact,
        "policies": [row.slug for row in space.policies.in_force()],
        "members": [{"user": row.user.username, "role": row.role} for row in rows],
    }
    return Response(SpaceSerializer(body).data, status=status)


def _describe(request: Request, rows: Sequence[Space]) -> list[dict[str, Any]]:
    roles = roles_in(request.user, rows)
    return [
        {
            "slug": row.slug,
            "name": row.name,
            "about": row.about,
            "visibility": row.visibility,
            "accounts_role": row.accounts_role,
            "role": roles.get(row.pk),
            "kernels": row.kernels,
            "retention_days": row.retention_days,
            "url": reverse("api-space", args=[row.slug]),
        }
        for row in rows
    ]
