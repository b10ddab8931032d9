"""Kernels over the API: what the pages that add one take, and how far the job is."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.exceptions import PermissionDenied, Throttled, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.adding.models import Addition
from kfmap.adding.parts import cancel
from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS
from kfmap.api.serializers import Serializer
from kfmap.api.visible import expect_all_spaces
from kfmap.web.uploads.add_form import (
    MAY_NOT_ADD,
    AddForm,
    MineForm,
    may_add,
    start_addition,
    too_many_open,
)


class MineSerializer(Serializer):
    """Types of a kernel, and perhaps its configuration."""

    types = serializers.FileField(help_text="vmlinux, vmlinuz, Image or BTF")
    config = serializers.FileField(required=False, help_text=".config, packed or not")
    name = serializers.CharField(required=False)


class AddSerializer(Serializer):
    """A kernel by one of `tree`, `path` and `evidence`, and what goes with it."""

    tree = serializers.FileField(required=False, help_text="an archive or a source package")
    path = serializers.CharField(required=False, help_text="in KFMAP_KERNEL_FOLDERS")
    evidence = serializers.FileField(required=False, help_text="what kfmap probe wrote")
    config = serializers.FileField(required=False)
    types = serializers.FileField(required=False)
    name = serializers.CharField(required=False)
    label = serializers.CharField(required=False)  # type: ignore[assignment]  # not the field's own
    replace = serializers.BooleanField(required=False)
    anyway = serializers.BooleanField(required=False)


class AdditionSerializer(Serializer):
    """A kernel that is added. `kernel`, `nearest` and `difference` are there when it is done."""

    id = serializers.IntegerField(source="pk")
    url = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=Addition.State.choices)
    step = serializers.CharField()
    percent = serializers.IntegerField()
    problem = serializers.CharField()
    kernel = serializers.CharField(source="kernel.name", default=None, allow_null=True)
    nearest = serializers.CharField()
    estimate = serializers.BooleanField()
    difference = serializers.JSONField()

    def get_url(self, addition: Addition) -> str:
        """Return where the state of the job is."""
        return reverse("api-kernel-addition", args=[addition.pk])


@extend_schema(
    request={"multipart/form-data": AddSerializer}, responses={202: AdditionSerializer, **PROBLEMS}
)
@api_view(["POST"])
@permission_classes([MayUse])
@parser_classes([MultiPartParser])
def add_kernel(request: Request) -> Response:
    """Add a kernel by its source, or by the evidence of a probe. Needs the right to."""
    if not may_add(request.user):
        raise PermissionDenied(MAY_NOT_ADD)
    return _start(request, AddForm)


@extend_schema(
    request={"multipart/form-data": MineSerializer},
    responses={202: AdditionSerializer, **PROBLEMS},
)
@api_view(["POST"])
@permission_classes([MayUse])
@parser_classes([MultiPartParser])
def add_mine(request: Request) -> Response:
    """Have a kernel estimated by its types alone, with the rules of the nearest one."""
    return _start(request, MineForm)


@extend_schema(methods=["GET"], responses={200: AdditionSerializer, **PROBLEMS})
@extend_schema(methods=["DELETE"], responses={200: AdditionSerializer, **PROBLEMS})
@api_view(["GET", "DELETE"])
@permission_classes([MayUse])
def addition(request: Request, pk: int) -> Response:
    """Return how far a job is; DELETE cancels it."""
    found = get_object_or_404(Addition.objects.select_related("kernel"), pk=pk)
    if found.user_id != request.user.pk and not getattr(request.user, "is_staff", False):
        raise Http404
    if request.method == "DELETE":
        expect_all_spaces(request)
        if cancel(found):
            found.refresh_from_db()
    return Response(AdditionSerializer(found).data)


def _start(request: Request, make: type[AddForm] | type[MineForm]) -> Response:
    assert isinstance(request.user, User)
    expect_all_spaces(request)
    if too_many_open(request.user):
        raise Throttled(detail="Your other kernels are still being read: wait, or cancel one.")
    form = make(request.POST, request.FILES)
    if not form.is_valid():
        problems = [
            str(error) if field == "__all__" else f"{field}: {error}"
            for field, errors in form.errors.items()
            for error in errors
        ]
        raise ValidationError({"detail": " ".join(problems)})
    started = start_addition(form, request.user)
    return Response(AdditionSerializer(started).data, status=202)
