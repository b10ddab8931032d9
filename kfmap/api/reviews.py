"""The review of an object in the API: where it stands, what people say, waivers of findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayReview, MayUse
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError, expect_valid
from kfmap.api.serializers_reviews import (
    NewReviewerSerializer,
    NewReviewSerializer,
    NewWaiverSerializer,
    StandingSerializer,
)
from kfmap.api.visible import objects_of, reviews_of, space_of
from verifier.records.models import BpfObject, Waiver
from verifier.records.review_state import describe
from verifier.records.reviews import Reviewed
from verifier.spaces.access import may
from verifier.spaces.models import Space
from verifier.spaces.roles import ROLE_FOR, Action
from verifier.web.object_page import ObjectPage, build_object_page
from verifier.web.review_form import ReviewForm, WaiverForm
from verifier.web.reviewing import (
    ReviewPart,
    ask_reviewer,
    find_review_space,
    keep_review,
    keep_waiver,
    list_reviewers,
    load_review_part,
    withdraw_waiver,
)

_MAY_NOT = "It takes the role of a {role} in the space of this object to do that."
_ANSWERS = {201: StandingSerializer, **PROBLEMS, **problems(409)}


@extend_schema(
    methods=["GET"],
    operation_id="reviews_read",
    responses={200: StandingSerializer, **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    operation_id="reviews_add",
    request=NewReviewSerializer,
    responses=_ANSWERS,
)
@api_view(["GET", "POST"])
@permission_classes([MayReview])
def reviews(request: Request, sha256: str) -> Response:
    """Return where the review of an object stands; POST adds a decision or a remark.

    A decision that sends the `mark` it was made by is not taken once anything else is true.
    """
    obj = get_object_or_404(objects_of(request).at(sha256))
    if request.method == "GET":
        return Response(_describe(request, obj))
    form, page = ReviewForm(_sent(request)), build_object_page(obj)
    expect_valid(form)
    _expect(request, obj, form.asks_for)
    if not page.worst:
        raise ConflictError("Nothing has been checked yet: there are no verdicts to review.")
    part, _ = _load(request, obj, page)
    form.hold_against(part.standing)
    if form.errors:
        raise ConflictError(_sentences(form))
    keep_review(request._request, obj, form.save(commit=False), page, part)
    return Response(_describe(request, obj), status=201)


@extend_schema(operation_id="waivers_add", request=NewWaiverSerializer, responses=_ANSWERS)
@api_view(["POST"])
@permission_classes([MayReview])
def waivers(request: Request, sha256: str) -> Response:
    """Answer for a finding of an object, for a reason and until a day, in every version of it."""
    obj = get_object_or_404(objects_of(request).at(sha256))
    _expect(request, obj, Action.REVIEW)
    form = WaiverForm(_sent(request))
    expect_valid(form)
    if problem := keep_waiver(request._request, obj, form, space_of(request)):
        raise ConflictError(problem)
    return Response(_describe(request, obj), status=201)


@extend_schema(operation_id="waivers_withdraw", responses={204: None, **PROBLEMS})
@api_view(["DELETE"])
@permission_classes([MayReview])
def waiver(request: Request, sha256: str, pk: int) -> Response:
    """Withdraw a waiver: its finding stands again, in every object of the space."""
    obj = get_object_or_404(objects_of(request).at(sha256))
    space = _expect(request, obj, Action.REVIEW)
    found = get_object_or_404(Waiver.objects.active(), pk=pk, space=space)
    withdraw_waiver(request._request, obj, found)
    return Response(status=204)


@extend_schema(
    operation_id="reviewers_ask",
    request=NewReviewerSerializer,
    responses=_ANSWERS,
)
@api_view(["POST"])
@permission_classes([MayUse])
def reviewers(request: Request, sha256: str) -> Response:
    """Ask somebody who may review in the space of an object to do so: they are told.

    `reviewers` of the review names who was asked and has not decided yet.
    """
    obj = get_object_or_404(objects_of(request).at(sha256))
    space = _expect(request, obj, Action.SUBMIT)
    sent = NewReviewerSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    name = sent.validated_data["reviewer"]
    able = {user.username: user for user in list_reviewers(space)}
    if name not in able:
        told = f"“{name}” may not review in {space}: {', '.join(able) or 'nobody'} may."
        raise ValidationError({"reviewer": [told]})
    ask_reviewer(request._request, obj, space, able[name])
    return Response(_describe(request, obj), status=201)


def _expect(request: Request, obj: BpfObject, action: Action) -> Space:
    """Return the space in which the reader may do something; a token of one space does it there.

    Raises PermissionDenied.
    """
    found = find_review_space(request.user, obj, space_of(request))
    if found is None or not may(request.user, action, found):
        raise PermissionDenied(_MAY_NOT.format(role=ROLE_FOR[action].label.lower()))
    return found


def _sent(request: Request) -> Mapping[str, Any]:
    """Return the fields that were sent. Raises ValidationError for a list or a text."""
    if not isinstance(request.data, Mapping):
        raise ValidationError({"detail": "Send an object with named fields."})
    return request.data


def _sentences(form: ReviewForm) -> str:
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def _load(request: Request, obj: BpfObject, page: ObjectPage) -> tuple[ReviewPart, list[Reviewed]]:
    """Return where the review stands, and what was said."""
    said = reviews_of(request, obj, page.worst)
    return load_review_part(request._request, obj, page, said, space_of(request)), said


def _describe(request: Request, obj: BpfObject) -> dict[str, Any]:
    part, said = _load(request, obj, build_object_page(obj))
    standing = part.standing
    body = {
        "space": part.space.slug if part.space else None,
        "state": standing.state,
        "reopened": standing.reopened,
        "uncovered": standing.uncovered,
        "unwaived": [
            {"fingerprint": cause.fingerprint, "finding": describe(cause)}
            for cause in standing.unwaived
        ],
        "waivers": [
            {"id": row.pk, "fingerprint": mark, "until": row.expires_at.date()}
            for mark, row in standing.waivers.items()
        ],
        "reviewers": [item.reviewer.username for item in part.assignments],
        "mark": standing.mark,
        "reviews": said,
    }
    return dict(StandingSerializer(body).data)
