"""Kernels of the API: questions, matrices, kfuncs and reports. Reading them is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap import reports
from kfmap.api.described import PROBLEMS, files
from kfmap.api.listing import PAGED, answer_page, paged, read_choice
from kfmap.api.serializers import (
    AnswerSerializer,
    KernelSerializer,
    ListedKfuncSerializer,
    QuerySerializer,
)
from kfmap.catalogue.matrix_export import render_matrix_json
from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.questions import QueryError, ask
from kfmap.catalogue.report_data import load_kernel_data
from kfmap.catalogue.store import LoadedKernel, NoSuchKernelError, load_kernel
from kfmap.kernel.set_entries import list_entries
from kfmap.permission.answer_json import plain_answer, plain_question
from kfmap.reports.comparison_report import build_comparison_report
from kfmap.reports.document import Report
from kfmap.reports.formats import FORMATS, NoSuchFormatError, render_report
from kfmap.reports.kernel_report import build_kernel_report
from kfmap.web.shared.flag_words import FLAG_WORDS
from kfmap.web.shared.kinds import check_known
from kfmap.web.shared.not_found import RulesNotKnown
from verifier.engine import reports as objects_reports

_FORMAT = OpenApiParameter("format", enum=list(FORMATS), description="default: json")
_REPORTS = files(*dict.fromkeys(item.media_type for item in FORMATS.values()))


@extend_schema(responses={200: KernelSerializer(many=True), **PROBLEMS})
@api_view(["GET"])
def kernels(request: Request) -> Response:
    """List the kernels of the map, newest first."""
    return Response(KernelSerializer(Kernel.objects.newest_first(), many=True).data)


@extend_schema(
    parameters=[
        OpenApiParameter("name", description="part of a kfunc's name"),
        OpenApiParameter("set", description="a kfunc id set"),
        OpenApiParameter("flag", description="such as KF_SLEEPABLE"),
        *PAGED,
    ],
    responses={200: paged(ListedKfuncSerializer), **PROBLEMS},
)
@api_view(["GET"])
def kfuncs(request: Request, kernel: str) -> Response:
    """List the kfuncs of a kernel with their sets and flags, in the order of the facts."""
    loaded, asked = _kernel(kernel), request.query_params
    if loaded.facts.is_observed and (asked.get("set") or asked.get("flag")):
        raise RulesNotKnown(loaded.name, "sets and flags")
    listed, name = _list_kfuncs(loaded), asked.get("name", "")
    of_set = read_choice(request, "set", {item.name for item in loaded.facts.sets})
    flags = {flag for row in listed for flag in row["flags"] or ()}
    flag = read_choice(request, "flag", sorted(flags.union(FLAG_WORDS)))
    rows = [
        row
        for row in listed
        if name in row["name"]
        and (not of_set or of_set in row["sets"])
        and (not flag or flag in row["flags"])
    ]
    return answer_page(request, rows, list)


def _list_kfuncs(kernel: LoadedKernel) -> list[dict[str, Any]]:
    listed, is_known = list_entries(kernel.facts), not kernel.facts.is_observed
    return [
        {
            "name": item.name,
            "owner": item.owner,
            "prototype": item.prototype,
            "sets": list(listed[item.name].sets) if is_known else None,
            "flags": list(listed[item.name].flags) if is_known else None,
            "place": str(item.place) if item.place else None,
        }
        for item in kernel.facts.kfuncs
    ]


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("context", required=True, description="short name, such as lsm:file_open"),
        OpenApiParameter("kfunc", required=True),
    ],
    responses={200: AnswerSerializer, **PROBLEMS},
)
@extend_schema(
    methods=["POST"], request=QuerySerializer, responses={200: AnswerSerializer, **PROBLEMS}
)
@api_view(["GET", "POST"])
def can_call(request: Request, kernel: str) -> Response:
    """Return whether a context may call a kfunc, and why."""
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
    return Response(
        {
            **plain_question(loaded.name, answer, loaded.facts.origin.estimate),
            **plain_answer(answer.outcome),
        }
    )


@extend_schema(
    parameters=[OpenApiParameter("kind", enum=list(RowKind), description="kfuncs if not said")],
    responses={200: OpenApiTypes.OBJECT, **PROBLEMS},
)
@api_view(["GET"])
def matrix(request: Request, kernel: str) -> HttpResponse:
    """Return every cell of a kernel, in the form of `manage.py export_matrix`."""
    kind = RowKind(read_choice(request, "kind", list(RowKind)) or RowKind.KFUNC)
    loaded = _kernel(kernel)
    check_known(kind, loaded)
    body = render_matrix_json(loaded, kind)
    return HttpResponse(body, content_type="application/json")


@extend_schema(
    parameters=[_FORMAT],
    responses={**_REPORTS, **PROBLEMS},
)
@api_view(["GET"])
def kernel_report(request: Request, kernel: str) -> HttpResponse:
    """Return the report on a kernel in a format."""
    return _give(request, build_kernel_report(load_kernel_data(_kernel(kernel))))


@extend_schema(
    parameters=[_FORMAT],
    responses={**_REPORTS, **PROBLEMS},
)
@api_view(["GET"])
def comparison_report(request: Request, old: str, new: str) -> HttpResponse:
    """Return the report on what changed from one kernel to another in a format."""
    kernels = [load_kernel_data(_kernel(name)) for name in (old, new)]
    return _give(request, build_comparison_report(*kernels))


_SCHEMAS = {
    "report": Path(objects_reports.__file__).with_name("report.schema.json"),
    "tables": Path(reports.__file__).with_name("report.schema.json"),
}


@extend_schema(
    responses={(200, "application/schema+json"): OpenApiTypes.OBJECT, **PROBLEMS},
)
@api_view(["GET"])
def json_schema(request: Request, name: str) -> HttpResponse:
    """Return a JSON Schema: `report` of reports on objects, `tables` of those on kernels."""
    path = _SCHEMAS.get(name)
    if path is None:
        raise NotFound(f"There is no schema “{name}”; there are {', '.join(_SCHEMAS)}.")
    return HttpResponse(path.read_bytes(), content_type="application/schema+json")


def _give(request: Request, report: Report) -> HttpResponse:
    chosen = request.query_params.get("format", "json")
    try:
        body = render_report(report, chosen)
    except NoSuchFormatError as error:
        raise NotFound(str(error)) from error
    return HttpResponse(body, content_type=FORMATS[chosen].media_type)


def _kernel(name: str) -> LoadedKernel:
    try:
        return load_kernel(name)
    except NoSuchKernelError as error:
        raise NotFound(str(error)) from error
