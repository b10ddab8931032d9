"""Evidence over the API: what a kernel answered, as the probe writes it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes, permission_classes, throttle_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS
from kfmap.api.listing import is_asked
from kfmap.api.serializers import Serializer
from kfmap.api.throttles import AccountThrottle, AnyoneThrottle, CostlyThrottle
from kfmap.api.visible import expect_all_spaces
from kfmap.evidence.models import Evidence
from kfmap.evidence.store import Kept, add_kernel, keep_evidence
from kfmap.probe.evidence import MOST_BYTES, EvidenceError

_MOST_DIFFERENCES = 1000


class DocumentParser(BaseParser):
    """Takes the bytes as they are: kfmap.probe.evidence bounds and reads them."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> dict[str, bytes]:
        """Return the body, or one byte more than a document may have."""
        return {"document": stream.read(MOST_BYTES + 1)}


class DocumentSerializer(Serializer):
    """What `kfmap probe` or probe.c wrote, as it is."""

    format = serializers.CharField()
    version = serializers.IntegerField()
    kernel = serializers.CharField()
    kfuncs = serializers.ListField(child=serializers.CharField())
    contexts = serializers.ListField(child=serializers.JSONField())


class DifferingSerializer(Serializer):
    """A cell in which the kernel and the map differ."""

    where = serializers.CharField(help_text="the context, by its short name")
    kfunc = serializers.CharField()
    kernel = serializers.CharField(source="kernel_word")
    map = serializers.CharField(source="our_word")


class EvidenceSerializer(Serializer):
    """Evidence that is kept. `kernel` is the kernel of the map that answered, null for none;
    `differences` are at most 1,000."""

    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    release = serializers.CharField()
    kernel = serializers.CharField(allow_null=True)
    cells = serializers.IntegerField()
    compared = serializers.IntegerField()
    agree = serializers.IntegerField()
    differ = serializers.IntegerField()
    undetermined = serializers.IntegerField()
    differences = DifferingSerializer(many=True, required=False)
    url = serializers.CharField()


@extend_schema(methods=["GET"], responses={200: EvidenceSerializer(many=True), **PROBLEMS})
@extend_schema(
    methods=["POST"],
    parameters=[
        OpenApiParameter("add", bool, description="make a kernel of the map of it (staff only)")
    ],
    request=DocumentSerializer,
    responses={201: EvidenceSerializer, **PROBLEMS},
)
@api_view(["GET", "POST"])
@permission_classes([MayUse])
@parser_classes([DocumentParser])
@throttle_classes([AnyoneThrottle, AccountThrottle, CostlyThrottle])
def evidence(request: Request) -> Response:
    """List the evidence that is kept; POST keeps what `kfmap probe` or probe.c wrote.

    With `add=true` it makes a kernel of the map of it, which the staff may do.
    """
    if request.method == "GET":
        return Response([_plain(row) for row in Evidence.objects.defer("data")])
    assert isinstance(request.user, User)
    expect_all_spaces(request)
    is_to_add = is_asked(request, "add")
    if is_to_add and not request.user.is_staff:
        raise PermissionDenied("Only the staff may add a kernel to the map.")
    given = request.data
    data = given.get("document", b"") if isinstance(given, dict) else b""
    try:
        kept = keep_evidence(data, request.user)
    except EvidenceError as error:
        raise ValidationError({"detail": f"The evidence cannot be read: {error}."}) from error
    if is_to_add:
        _add(kept)
    return Response({**_plain(kept.row), "differences": _differences(kept)}, status=201)


def _add(kept: Kept) -> None:
    try:
        kept.row.kernel = add_kernel(kept).name
    except EvidenceError as error:
        raise ValidationError({"detail": f"{error}."}) from error
    kept.row.save(update_fields=["kernel"])


def _plain(row: Evidence) -> dict[str, Any]:
    return {
        "version": 1,
        "sha256": row.sha256,
        "release": row.release,
        "kernel": row.kernel or None,
        "cells": row.cells,
        "compared": row.compared,
        "agree": row.equal,
        "differ": row.differing,
        "undetermined": row.undetermined,
        "url": row.get_absolute_url(),
    }


def _differences(kept: Kept) -> list[dict[str, Any]]:
    found = kept.comparison.differences[:_MOST_DIFFERENCES] if kept.comparison else ()
    plain: list[dict[str, Any]] = json.loads(json.dumps(DifferingSerializer(found, many=True).data))
    return plain
