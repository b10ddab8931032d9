"""Rechecks in the API: why objects are checked again, how far that is, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayChange
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError
from kfmap.api.listing import PAGED, answer_page, paged, read_choice
from kfmap.api.serializers import ListedRecheckSerializer, RecheckSerializer
from kfmap.api.visible import objects_of, space_of
from verifier.rechecking import control
from verifier.rechecking.models import Recheck, RecheckedObject, RecheckedObjectQuerySet
from verifier.rechecking.telling import Told, list_told
from verifier.spaces.access import Reader

_MAY_NOT = "It takes a maintainer of its space to do this, or an administrator where it has none."
_ANSWERS = {200: RecheckSerializer, **PROBLEMS, **problems(409)}


@extend_schema(
    operation_id="rechecks_list",
    parameters=[
        OpenApiParameter("state", enum=Recheck.State.values, description="where it is"),
        *PAGED,
    ],
    responses={200: paged(ListedRecheckSerializer), **PROBLEMS},
)
@api_view(["GET"])
@permission_classes([MayChange])
def rechecks(request: Request) -> Response:
    """List why objects were checked again, the latest first, with how far each is."""
    rows = _rechecks_of(request)
    if state := read_choice(request, "state", Recheck.State.values):
        rows = rows.filter(state=state)
    return answer_page(request, rows, lambda page: _describe(request, page))


@extend_schema(operation_id="rechecks_read", responses={200: RecheckSerializer, **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayChange])
def recheck(request: Request, pk: int) -> Response:
    """Return how far one is, and what broke and healed of the objects that the reader sees."""
    return _answer(request, _find(request, pk))


@extend_schema(operation_id="rechecks_cancel", request=None, responses=_ANSWERS)
@api_view(["POST"])
@permission_classes([MayChange])
def cancel(request: Request, pk: int) -> Response:
    """End one that goes on: nothing more is sent, and nobody gets a summary."""
    return _change(request, pk, control.cancel, "It is over already: there is nothing to cancel.")


@extend_schema(operation_id="rechecks_resume", request=None, responses=_ANSWERS)
@api_view(["POST"])
@permission_classes([MayChange])
def resume(request: Request, pk: int) -> Response:
    """Go on with one that was cancelled, at the objects that it had not come to."""
    return _change(request, pk, control.resume, "It was not cancelled: there is nothing to resume.")


def _change(
    request: Request, pk: int, step: Callable[[Recheck, Reader], bool], otherwise: str
) -> Response:
    run = _find(request, pk)
    space = space_of(request)
    if not run.may_be_cancelled_by(request.user) or (space and run.space != space):
        raise PermissionDenied(_MAY_NOT)
    if not step(run, request.user):
        raise ConflictError(otherwise)
    run.refresh_from_db()
    return _answer(request, run)


def _rechecks_of(request: Request) -> QuerySet[Recheck]:
    """Return those that may be seen; with a token of one space its own, and those of all spaces."""
    rows = Recheck.objects.visible_to(request.user).select_related("space")
    space = space_of(request)
    return rows if space is None else rows.filter(Q(space=space) | Q(space=None))


def _find(request: Request, pk: int) -> Recheck:
    return get_object_or_404(_rechecks_of(request), pk=pk)


def _items(request: Request) -> RecheckedObjectQuerySet:
    return RecheckedObject.objects.filter(object__in=objects_of(request).values("pk"))


def _describe(request: Request, runs: Sequence[Recheck]) -> list[dict[str, Any]]:
    counts = _items(request).count_by_recheck(runs)
    return [
        {
            "id": run.pk,
            "reason": run.reason,
            "space": run.space.slug if run.space else None,
            "state": run.state,
            "created_at": run.created_at,
            "finished_at": run.finished_at,
            "url": reverse("api-recheck", args=[run.pk]),
            **asdict(counts[run.pk]),
        }
        for run in runs
    ]


def _answer(request: Request, run: Recheck) -> Response:
    seen = set(_items(request).filter(recheck=run).values_list("object_id", flat=True))
    told = [item for item in list_told(run, request.user) if item.object.pk in seen]
    space = space_of(request)
    body = {
        **_describe(request, [run])[0],
        "objects": list(_objects(told, space.pk if space else None)),
    }
    return Response(RecheckSerializer(body).data)


def _objects(told: Iterable[Told], space: int | None) -> Iterable[dict[str, Any]]:
    """Return what changed of each object; for a token of one space no word of other spaces."""
    for item in told:
        changes = [row for row in item.changes if space is None or row.space in (None, space)]
        if changes or item.problem:
            yield {
                "name": item.object.file_name,
                "sha256": item.object.sha256,
                "url": reverse("api-result", args=[item.object.address]),
                "problem": item.problem,
                "changes": [
                    {
                        "kind": row.kind,
                        "what": row.what,
                        "before": row.before,
                        "after": row.after,
                        "than": row.than,
                        "text": row.text,
                    }
                    for row in changes
                ],
            }
