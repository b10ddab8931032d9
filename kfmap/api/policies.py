"""Policies of a space in the API: read, tried against what is stored, put in force, ended."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayChange
from kfmap.api.described import PROBLEMS
from kfmap.api.listing import is_asked
from kfmap.api.serializers_spaces import (
    NewPolicySerializer,
    PolicyAnswerSerializer,
    PolicySerializer,
)
from kfmap.api.spaces import find_space
from verifier.engine.policy.reading import PolicyError, find_notes, read_policy
from verifier.records.policies import DryRun, try_policy
from verifier.spaces import policy_changes
from verifier.spaces.models import PolicyVersion, Space
from verifier.spaces.roles import Action

_DRY_RUN = OpenApiParameter(
    "dry_run", bool, description="true: say what would change, and keep nothing"
)


@extend_schema(
    methods=["GET"],
    operation_id="policies_list",
    responses={200: PolicySerializer(many=True), **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    operation_id="policies_keep",
    parameters=[_DRY_RUN],
    request=NewPolicySerializer,
    responses={200: PolicyAnswerSerializer, 201: PolicyAnswerSerializer, **PROBLEMS},
)
@api_view(["GET", "POST"])
@permission_classes([MayChange])
def policies(request: Request, slug: str) -> Response:
    """List the policies in force; POST puts a version in force, or tries it with `dry_run`.

    The answer says which objects would start to fail and which would stop.
    """
    if request.method == "GET":
        rows = find_space(request, slug).policies.in_force()
        return Response([_describe(row) for row in rows])
    space = find_space(request, slug, Action.MANAGE)
    form = NewPolicySerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return _keep(request, space, form.validated_data["name"], form.validated_data["text"])


@extend_schema(
    methods=["GET"],
    operation_id="policies_read",
    responses={200: PolicySerializer(many=True), **PROBLEMS},
)
@extend_schema(methods=["DELETE"], operation_id="policies_end", responses={204: None, **PROBLEMS})
@api_view(["GET", "DELETE"])
@permission_classes([MayChange])
def policy(request: Request, slug: str, policy: str) -> Response:
    """Return the versions of a policy, the newest first; DELETE takes it out of force."""
    action = Action.SEE if request.method == "GET" else Action.MANAGE
    space = find_space(request, slug, action)
    rows = space.policies.filter(slug=policy)
    newest = get_object_or_404(rows[:1])
    if request.method == "GET":
        return Response([_describe(row) for row in rows])
    policy_changes.end_policy(space, newest.slug, request.user)
    return Response(status=204)


def _keep(request: Request, space: Space, name: str, text: str) -> Response:
    try:
        read = read_policy(text)
    except PolicyError as error:
        raise ValidationError({"text": [str(problem) for problem in error.problems]}) from error
    before = space.policies.in_force().filter(slug=name).first()
    tried = try_policy(space, read, read_policy(before.text) if before else None)
    kept: PolicyVersion | None = None
    if not is_asked(request, "dry_run"):
        assert isinstance(request.user, User)
        kept = policy_changes.keep_policy(space, name, text, request.user)
    body = {
        "kept": _describe(kept) if kept else None,
        "notes": [str(note) for note in find_notes(read)],
        "dry_run": _plain(tried),
    }
    return Response(PolicyAnswerSerializer(body).data, status=201 if kept else 200)


def _describe(row: PolicyVersion) -> dict[str, Any]:
    return dict(
        PolicySerializer(
            {
                "name": row.slug,
                "version": row.number,
                "in_force": row.is_in_force,
                "text": row.text,
                "author": row.author.username if row.author else None,
                "created_at": row.created_at,
            }
        ).data
    )


def _plain(tried: DryRun) -> dict[str, Any]:
    starts, stops = (
        [
            {
                "name": obj.file_name,
                "sha256": obj.sha256,
                "url": reverse("api-result", args=[obj.address]),
            }
            for obj in objects
        ]
        for objects in (tried.starts, tried.stops)
    )
    return {
        "starts_to_fail": starts,
        "stops_failing": stops,
        "still_fails": tried.still,
        "looked_at": tried.looked_at,
        "not_checked_yet": tried.unread,
        "left_out": tried.left_out,
    }
