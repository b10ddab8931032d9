"""What may be done with the check of an object: begun again, ended, put aside."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError
from kfmap.api.serializers import JobSerializer
from kfmap.api.visible import objects_of
from verifier.jobs.opening import check_again
from verifier.records.models import BpfObject
from verifier.spaces.roles import ROLE_FOR, Action

_MAY_NOT = f"It takes the role of a {ROLE_FOR[Action.SUBMIT].label} in a space of this object."
_IDLE = "No check of this object goes on: there is nothing to {step}."
_ANSWERS = {200: JobSerializer, **PROBLEMS, **problems(409)}


@extend_schema(operation_id="objects_check", request=None, responses=_ANSWERS)
@api_view(["POST"])
@permission_classes([MayUse])
def check(request: Request, sha256: str) -> Response:
    """Check an object on kernels that came into the map since, or try again what broke off.

    A check that was put aside goes on. 409: it is checked on every kernel already.
    """
    obj = _find(request, sha256)
    if not check_again(obj):
        raise ConflictError("It is checked on every kernel of the map already.")
    return _answer(obj)


@extend_schema(operation_id="objects_cancel", request=None, responses=_ANSWERS)
@api_view(["POST"])
@permission_classes([MayUse])
def cancel(request: Request, sha256: str) -> Response:
    """End the check of an object, whatever became of its worker."""
    obj = _find(request, sha256)
    if not obj.jobs.cancel():
        raise ConflictError(_IDLE.format(step="end"))
    return _answer(obj)


@extend_schema(operation_id="objects_park", request=None, responses=_ANSWERS)
@api_view(["POST"])
@permission_classes([MayUse])
def park(request: Request, sha256: str) -> Response:
    """Put the check of an object aside until somebody has it go on."""
    obj = _find(request, sha256)
    if not obj.jobs.park():
        raise ConflictError(_IDLE.format(step="put aside"))
    return _answer(obj)


def _find(request: Request, sha256: str) -> BpfObject:
    """Return an object that somebody may have checked. Raises Http404 and PermissionDenied."""
    obj = get_object_or_404(objects_of(request).at(sha256))
    if not objects_of(request, Action.SUBMIT).filter(pk=obj.pk).exists():
        raise PermissionDenied(_MAY_NOT)
    return obj


def _answer(obj: BpfObject) -> Response:
    return Response(JobSerializer(obj.jobs.first()).data)
