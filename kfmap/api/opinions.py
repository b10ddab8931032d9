"""Second opinions over the API: ask booted kernels about an object, and read what they said."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError
from kfmap.api.serializers import Serializer
from kfmap.api.throttles import AccountThrottle, AnyoneThrottle, CostlyThrottle
from kfmap.api.visible import objects_of
from verifier.guests.models import Opinion
from verifier.guests.store import load_opinions
from verifier.guests.submit import CannotAskError, ask
from verifier.opinions.opinion_json import VERSION, plain_compared
from verifier.records.models import BpfObject
from verifier.spaces.roles import Action


class AskSerializer(Serializer):
    """The kernels to ask, by their names in the map; `fetch-images` must have fetched each."""

    kernels = serializers.ListField(
        child=serializers.CharField(max_length=100), allow_empty=False, max_length=50
    )


class UnderWaySerializer(Serializer):
    """A question to a kernel and how far it is; `problem` says why it came to nothing."""

    kernel = serializers.CharField()
    state = serializers.ChoiceField(choices=Opinion.State.choices)
    step = serializers.CharField(allow_blank=True)
    percent = serializers.IntegerField()
    problem = serializers.CharField(allow_blank=True)


class OpinionsSerializer(Serializer):
    """What kernels said of an object, in the form of `kfmap ask-kernel`, and what is under way."""

    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    opinions = serializers.ListField(child=serializers.JSONField())
    jobs = UnderWaySerializer(many=True)


@extend_schema(methods=["GET"], responses={200: OpinionsSerializer, **PROBLEMS})
@extend_schema(
    methods=["POST"],
    request=AskSerializer,
    responses={202: OpinionsSerializer, **PROBLEMS},
)
@extend_schema(
    methods=["DELETE"],
    responses={200: OpinionsSerializer, **PROBLEMS, **problems(409)},
)
@api_view(["GET", "POST", "DELETE"])
@permission_classes([MayUse])
@throttle_classes([AnyoneThrottle, AccountThrottle, CostlyThrottle])
def opinions(request: Request, sha256: str) -> Response:
    """Return what booted kernels said of an object; POST asks the named ones.

    DELETE ends what waits or runs: guests stop within seconds. 409: nothing does.
    """
    obj = get_object_or_404(objects_of(request).at(sha256))
    if request.method == "GET":
        return Response(_describe(obj))
    if not objects_of(request, Action.SUBMIT).filter(pk=obj.pk).exists():
        raise PermissionDenied("You need the role of a submitter in its space to ask kernels.")
    if request.method == "DELETE":
        if not obj.opinions.cancel():
            raise ConflictError("No kernel is being asked about this object.")
        return Response(_describe(obj))
    _ask(obj, request)
    return Response(_describe(obj), status=202)


def _ask(obj: BpfObject, request: Request) -> None:
    assert isinstance(request.user, User)
    form = AskSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        ask(obj, form.validated_data["kernels"], request.user)
    except CannotAskError as error:
        raise ValidationError({"detail": str(error)}) from error


def _describe(obj: BpfObject) -> dict[str, Any]:
    latest: dict[str, Opinion] = {}
    for row in obj.opinions.defer("data"):
        latest.setdefault(row.kernel, row)
    said = [plain_compared(item.opinion, item.programs) for item in load_opinions(obj)]
    found = {
        "version": VERSION,
        "sha256": obj.sha256,
        "opinions": said,
        "jobs": list(latest.values()),
    }
    return dict(OpinionsSerializer(found).data)
