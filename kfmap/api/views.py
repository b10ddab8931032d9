"""The API: kernels, questions, matrices, objects. Reading is open; uploads need an account."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import (
    api_view,
    parser_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle

from kfmap.api.serializers import (
    AnswerSerializer,
    KernelSerializer,
    ProblemSerializer,
    QuerySerializer,
    ResultSerializer,
    TakenSerializer,
    UploadSerializer,
)
from kfmap.catalogue.matrix_export import render_matrix_json
from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.questions import QueryError, ask
from kfmap.catalogue.report_data import load_kernel_data
from kfmap.catalogue.snapshot import one_snapshot
from kfmap.catalogue.store import LoadedKernel, NoSuchKernelError, load_kernel
from kfmap.permission.answer_json import plain_answer, plain_question
from kfmap.reports.comparison_report import build_comparison_report
from kfmap.reports.document import Report
from kfmap.reports.formats import FORMATS
from kfmap.reports.kernel_report import build_kernel_report
from verifier.engine.judging.choice_text import OPTIONS, parse_plain_choices
from verifier.engine.judging.choices import ChoiceError
from verifier.engine.reports import RENDERERS
from verifier.guests.store import add_opinions
from verifier.jobs.submit import submit
from verifier.records.loader_targets import resolve_targets
from verifier.records.models import BpfObject, SubmittedFile
from verifier.records.outcome import load_outcomes, worst_by_kernel
from verifier.records.report_download import export_report
from verifier.records.reporting import load_report
from verifier.records.reviews import load_reviews

_PROBLEMS = {400: ProblemSerializer, 404: ProblemSerializer, 429: ProblemSerializer}
_PRIVATE = {401: ProblemSerializer, 403: ProblemSerializer}


class UploadThrottle(UserRateThrottle):
    """Uploads cost more than questions."""

    scope = "upload"


@extend_schema(responses={200: KernelSerializer(many=True), 429: ProblemSerializer})
@api_view(["GET"])
def kernels(request: Request) -> Response:
    """List the kernels of the map, oldest first."""
    return Response(KernelSerializer(Kernel.objects.listed(), many=True).data)


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("context", required=True, description="short name, such as lsm:file_open"),
        OpenApiParameter("kfunc", required=True),
    ],
    responses={200: AnswerSerializer, **_PROBLEMS},
)
@extend_schema(
    methods=["POST"], request=QuerySerializer, responses={200: AnswerSerializer, **_PROBLEMS}
)
@api_view(["GET", "POST"])
def can_call(request: Request, kernel: str) -> Response:
    """Say whether a context may call a kfunc, and why."""
    given = request.data if request.method == "POST" else request.query_params.dict()
    query = QuerySerializer(data=given)
    query.is_valid(raise_exception=True)
    loaded = _kernel(kernel)
    try:
        asked = query.validated_data
        answer = ask(loaded.judge, asked["context"], asked["kfunc"])
    except QueryError as error:
        problem: dict[str, Any] = {"detail": str(error)}
        problem |= {"candidates": error.candidates} if error.candidates else {}
        raise ValidationError(problem) from error
    return Response({**plain_question(loaded.name, answer), **plain_answer(answer.outcome)})


@extend_schema(
    parameters=[OpenApiParameter("kind", enum=list(RowKind), description="kfuncs if not said")],
    responses={200: OpenApiTypes.OBJECT, **_PROBLEMS},
)
@api_view(["GET"])
def matrix(request: Request, kernel: str) -> HttpResponse:
    """Return every cell of a kernel, in the form of `manage.py export_matrix`."""
    asked = request.query_params.get("kind") or RowKind.KFUNC
    if asked not in list(RowKind):
        raise ValidationError({"detail": f"kind is one of {', '.join(RowKind)}."})
    body = render_matrix_json(_kernel(kernel), RowKind(asked))
    return HttpResponse(body, content_type="application/json")


@extend_schema(
    parameters=[OpenApiParameter("format", enum=list(FORMATS), description="default: json")],
    responses={200: OpenApiTypes.BINARY, **_PROBLEMS},
)
@api_view(["GET"])
def kernel_report(request: Request, kernel: str) -> HttpResponse:
    """Return the report on a kernel in a format."""
    return _give(request, build_kernel_report(load_kernel_data(_kernel(kernel))))


@extend_schema(
    parameters=[OpenApiParameter("format", enum=list(FORMATS), description="default: json")],
    responses={200: OpenApiTypes.BINARY, **_PROBLEMS},
)
@api_view(["GET"])
def comparison_report(request: Request, old: str, new: str) -> HttpResponse:
    """Return the report on what changed from one kernel to another in a format."""
    kernels = [load_kernel_data(_kernel(name)) for name in (old, new)]
    return _give(request, build_comparison_report(*kernels))


def _give(request: Request, report: Report) -> HttpResponse:
    chosen = request.query_params.get("format", "json")
    made_as = FORMATS.get(chosen)
    if made_as is None:
        raise Http404(f"There is no format “{chosen}” here; there are {', '.join(FORMATS)}.")
    return HttpResponse(made_as.render(report), content_type=made_as.media_type)


@extend_schema(
    request=UploadSerializer,
    responses={202: TakenSerializer(many=True), **_PROBLEMS, **_PRIVATE},
)
@api_view(["POST"])
@permission_classes([IsAuthenticated])
@parser_classes([MultiPartParser])
@throttle_classes([UploadThrottle])
def upload(request: Request) -> Response:
    """Take objects in, or the objects in other files, and have them checked on every kernel."""
    said = {option: request.POST.getlist(option) for option in OPTIONS}
    form = UploadSerializer(data={"objects": request.FILES.getlist("objects"), **said})
    form.is_valid(raise_exception=True)
    try:
        choices = resolve_targets(parse_plain_choices(said))
    except ChoiceError as error:
        raise ValidationError({"detail": str(error)}) from error
    assert isinstance(request.user, User)
    submission = submit(form.validated_data["objects"], request.user, choices)
    files = submission.files.select_related("object").prefetch_related("object__jobs")
    return Response([_taken(file) for file in files], status=202)


@extend_schema(responses={200: ResultSerializer, **_PROBLEMS, **_PRIVATE})
@api_view(["GET"])
@permission_classes([IsAuthenticated])
@one_snapshot()
def result(request: Request, sha256: str) -> Response:
    """Return the job of an object, its verdicts as `manage.py verify` does, and its reviews."""
    obj = get_object_or_404(BpfObject, sha256=sha256)
    job = obj.jobs.first()  # before the verdicts: those of a job that is done are all there
    report = RENDERERS["json"].render(*add_opinions(load_report([obj]), [obj]))
    verdicts = worst_by_kernel(load_outcomes([obj]).get(obj.pk, []))
    found = {
        "job": job,
        "report": json.loads(report),
        "reviews": load_reviews(obj, verdicts),
    }
    return Response(ResultSerializer(found).data)


@extend_schema(
    parameters=[
        OpenApiParameter("format", required=True, enum=list(RENDERERS), description="of the report")
    ],
    responses={200: OpenApiTypes.BINARY, **_PROBLEMS, **_PRIVATE},
)
@api_view(["GET"])
@permission_classes([IsAuthenticated])
@one_snapshot()
def report(request: Request, sha256: str) -> HttpResponse:
    """Return the report on an object in a format: the same bytes while nothing changes."""
    obj = get_object_or_404(BpfObject, sha256=sha256)
    chosen = request.query_params.get("format", "json")
    return export_report(chosen, add_opinions(load_report([obj]), [obj]), obj.sha256[:12])


def _kernel(name: str) -> LoadedKernel:
    try:
        return load_kernel(name)
    except NoSuchKernelError as error:
        raise Http404(str(error)) from error


def _taken(file: SubmittedFile) -> dict[str, Any]:
    sha256 = file.object.sha256 if file.object else None
    job = file.object.latest_job if file.object else None
    return {
        "file": file.name,
        "sha256": sha256,
        "url": sha256 and reverse("api-result", args=[sha256]),
        "known_before": file.known_before,
        "problem": file.problem,
        "waits_for": job.waits_for if job else "",
    }
