"""Objects of the API: taken in, listed, their results, reports and progress."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import (
    api_view,
    parser_classes,
    permission_classes,
)
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.listing import PAGED_BY_CURSOR, answer_ids, paged
from kfmap.api.serializers import (
    ListedObjectSerializer,
    ResultSerializer,
    TakenSerializer,
    UploadSerializer,
)
from kfmap.api.submissions import REPORT_FORMAT, REPORTS, taken_files
from kfmap.api.uploading import submit_by_key
from kfmap.api.visible import objects_of, reviews_of, space_of, spaces_of
from kfmap.catalogue.snapshot import one_snapshot
from verifier.engine.judging.choice_text import OPTIONS, parse_plain_choices
from verifier.engine.judging.choices import ChoiceError
from verifier.engine.origin import FIELDS as ORIGIN
from verifier.engine.origin import OriginError, read_origin
from verifier.engine.reports import RENDERERS, CheckedObject
from verifier.engine.reports.model import ReportOptions
from verifier.guests.store import add_opinions
from verifier.jobs.submit import submit, submit_once
from verifier.jobs.upload_hash import hash_upload
from verifier.records.id_lists import FoundIds, IdList, NamedIds, SeenIds, calling_ids
from verifier.records.loader_targets import resolve_targets
from verifier.records.models import BpfObject
from verifier.records.newest import ids_in
from verifier.records.outcome import load_outcomes, worst_by_kernel
from verifier.records.report_download import export_report
from verifier.records.reporting import load_report, load_space
from verifier.spaces.choice import NoSuchSpaceError, find_chosen
from verifier.spaces.models import Space

_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="a name of this upload, up to 200 characters: sent again, it is not taken in again",
)
_FILTERS = [
    OpenApiParameter("name", description="part of the file's name"),
    OpenApiParameter("kfunc", description="a kfunc that some program can reach"),
]


@extend_schema(
    methods=["GET"],
    operation_id="objects_list",
    parameters=[*_FILTERS, *PAGED_BY_CURSOR],
    responses={200: paged(ListedObjectSerializer), **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    request={"multipart/form-data": UploadSerializer},
    parameters=[_KEY],
    responses={202: TakenSerializer(many=True), **PROBLEMS, **problems(409, 413, 415, 422)},
)
@api_view(["GET", "POST"])
@permission_classes([MayUse])
@parser_classes([MultiPartParser])
def objects(request: Request) -> Response:
    """List the objects, the latest first, or take objects in and check them on every kernel.

    Other files may be sent that hold objects: programs, libraries, archives, packages.
    """
    return _upload(request) if request.method == "POST" else _list(request)


def _list(request: Request) -> Response:
    return answer_ids(request, _find_ids(request), lambda ids: _list_objects(request, ids))


def _find_ids(request: Request) -> IdList:
    """Return the ids of the objects that are asked for, the latest first."""
    name, kfunc = (request.query_params.get(key, "") for key in ("name", "kfunc"))
    space = space_of(request)
    if kfunc:
        return calling_ids(request.user, kfunc, name, space)
    if name:
        return NamedIds(request.user, name, space)
    return SeenIds(request.user) if space is None else FoundIds(ids_in(space))


def _list_objects(request: Request, ids: list[int]) -> list[dict[str, Any]]:
    rows = list(objects_of(request).filter(pk__in=ids).order_by("-pk"))
    outcomes = load_outcomes(rows)
    return [
        {
            "sha256": obj.sha256,
            "name": obj.file_name,
            "size": obj.size,
            "uploaded_at": obj.created_at,
            "problem": obj.problem,
            "verdicts": worst_by_kernel(outcomes.get(obj.pk, [])),
            "url": reverse("api-result", args=[obj.address]),
            "loader": obj.loader,
        }
        for obj in rows
    ]


def _upload(request: Request) -> Response:
    said = {option: request.POST.getlist(option) for option in OPTIONS}
    slug = request.POST.get("space", "")
    named = {name: request.POST.get(name, "") for name in ORIGIN}
    fields = {"objects": request.FILES.getlist("objects"), "space": slug, **named}
    form = UploadSerializer(data={**fields, **said})
    form.is_valid(raise_exception=True)
    try:
        origin = read_origin(named)
        choices = resolve_targets(parse_plain_choices(said), request.user)
    except OriginError as error:
        raise ValidationError({error.field: [str(error)]}) from error
    except ChoiceError as error:
        raise ValidationError({"detail": str(error)}) from error
    user = request.user
    assert isinstance(user, User)
    try:
        space = _find_space(request, user, slug)
    except NoSuchSpaceError as error:
        raise ValidationError({"detail": str(error)}) from error
    uploads = form.validated_data["objects"]
    if key := request.headers.get("Idempotency-Key", ""):
        submission, again = submit_by_key(
            user,
            key,
            hash_upload(uploads, {**said, "space": [slug], **_lists(named)}),
            lambda: submit(uploads, user, choices, space, origin),
        )
    else:
        submission, again = submit_once(uploads, user, choices, space, origin)
    response = Response(taken_files(submission), status=202)
    response["Location"] = reverse("api-submission", args=[submission.pk])
    if again:
        response["Idempotency-Replayed"] = "true"
    return response


def _lists(named: dict[str, str]) -> dict[str, list[str]]:
    """Return what was said as lists, without what was not: requests of before have the same key."""
    return {name: [text] for name, text in named.items() if text}


def _find_space(request: Request, user: User, slug: str) -> Space | None:
    """Return where an upload goes: a token of one space sends to that one and to no other."""
    own = space_of(request)
    if own is not None and slug not in ("", own.slug):
        raise NoSuchSpaceError(f"The token is for the space “{own.slug}”, not for “{slug}”.")
    return find_chosen(user, own.slug if own is not None else slug)


@extend_schema(parameters=[REPORT_FORMAT], responses={**REPORTS, **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayUse])
@one_snapshot()
def space_report(request: Request, slug: str) -> HttpResponse:
    """Return the report on all objects of a space in a format, up to 500 of them."""
    space = get_object_or_404(spaces_of(request), slug=slug)
    chosen = request.query_params.get("format", "json")
    return export_report(chosen, load_space(space, request.user), f"space-{space.slug}")


@extend_schema(responses={200: ResultSerializer, **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayUse])
@one_snapshot()
def result(request: Request, sha256: str) -> Response:
    """Return the job of an object, its verdicts as `manage.py verify` does, and its reviews."""
    obj = get_object_or_404(objects_of(request).at(sha256))
    job = obj.jobs.first()  # before the verdicts: those of a job that is done are all there
    report = RENDERERS["json"].render(*_load_report(request, obj))
    found = {
        "job": job,
        "report": json.loads(report),
        "reviews": reviews_of(request, obj),
    }
    return Response(ResultSerializer(found).data)


@extend_schema(parameters=[REPORT_FORMAT], responses={**REPORTS, **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayUse])
@one_snapshot()
def report(request: Request, sha256: str) -> HttpResponse:
    """Return the report on an object in a format: the same bytes while nothing changes."""
    obj = get_object_or_404(objects_of(request).at(sha256))
    chosen = request.query_params.get("format", "json")
    return export_report(chosen, _load_report(request, obj), obj.sha256[:12])


def _load_report(request: Request, obj: BpfObject) -> tuple[list[CheckedObject], ReportOptions]:
    """Return what reports say of an object; for a token of one space no word of other spaces."""
    loaded = load_report([obj], request.user, space=space_of(request))
    return add_opinions(loaded, [obj])
