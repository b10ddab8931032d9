"""Webhooks of a space over the API, for its maintainers and with the scope `manage` alone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayManage
from kfmap.api.described import PROBLEMS, problems
from kfmap.api.errors import ConflictError
from kfmap.api.listing import PAGED, answer_page, paged
from kfmap.api.serializers import Serializer
from kfmap.api.spaces import find_space
from verifier.spaces.models import AuditEntry, Kind, Space
from verifier.spaces.roles import Action
from verifier.webhooks.deliver import build_body
from verifier.webhooks.models import MOST_WEBHOOKS, SWITCH_ON_FIRST, TOO_MANY, Delivery, Webhook
from verifier.webhooks.targets import MAX_ADDRESS, RefusedTargetError, read_target

_KINDS = [kind for kind in Kind.values if kind != Kind.PING]
_BY_API = "Switched off over the API."


class WebhookAskedSerializer(Serializer):
    """Where what happens is sent; `events`: what of it, everything where it is empty."""

    address = serializers.CharField(max_length=MAX_ADDRESS)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=_KINDS),
        required=False,
        max_length=len(_KINDS),
    )
    enabled = serializers.BooleanField(required=False)

    def validate_address(self, value: str) -> str:
        """Refuse what no webhook may have."""
        try:
            read_target(value, settings.KFMAP_WEBHOOK_HOSTS)
        except RefusedTargetError as error:
            raise serializers.ValidationError(str(error)) from error
        return value


class WebhookSerializer(Serializer):
    """A webhook. `secret` is told once, when it is made; `failures`: attempts that failed one after
    the other; `why_disabled` is empty while it is enabled."""

    id = serializers.IntegerField(source="pk")
    address = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField(), source="kinds")
    enabled = serializers.SerializerMethodField()
    why_disabled = serializers.CharField(allow_blank=True)
    failures = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    secret = serializers.SerializerMethodField(allow_null=True)

    def get_enabled(self, hook: Webhook) -> bool:
        """Return whether anything is sent to it."""
        return hook.disabled_at is None

    def get_secret(self, hook: Webhook) -> str | None:
        """Return the secret where it was made just now."""
        made: str | None = self.context.get("secret")
        return made


class AttemptSerializer(Serializer):
    """One request: what was answered, or why there is no answer."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField()


class DeliverySerializer(Serializer):
    """One event on its way to a webhook; `body` is what is sent."""

    id = serializers.IntegerField(source="pk")
    state = serializers.ChoiceField(choices=Delivery.State.choices)
    problem = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    body = serializers.SerializerMethodField()
    log = AttemptSerializer(many=True)

    def get_body(self, delivery: Delivery) -> dict[str, Any]:
        """Return what is sent."""
        return build_body(delivery)


@extend_schema(
    methods=["GET"],
    operation_id="spaces_webhooks_list",
    responses={200: WebhookSerializer(many=True), **PROBLEMS},
)
@extend_schema(
    methods=["POST"],
    request=WebhookAskedSerializer,
    responses={201: WebhookSerializer, **PROBLEMS, **problems(409)},
)
@api_view(["GET", "POST"])
@permission_classes([MayManage])
def webhooks(request: Request, slug: str) -> Response:
    """List the webhooks of a space; POST makes one, whose secret is told in this answer alone."""
    space = find_space(request, slug, Action.MANAGE)
    if request.method == "GET":
        return Response(WebhookSerializer(space.webhooks.all(), many=True).data)
    said = _read(request)
    if space.webhooks.count() >= MOST_WEBHOOKS:
        raise ConflictError(TOO_MANY)
    assert isinstance(request.user, User)
    with transaction.atomic():
        events = list(said.get("events", []))
        pk, secret = Webhook.objects.add(space, said["address"], events, request.user)
        AuditEntry.objects.record(space, request.user, "webhook made", said["address"])
    hook = Webhook.objects.get(pk=pk)
    if said.get("enabled") is False:
        hook.switch_off(_BY_API)
        hook.refresh_from_db()
    return Response(WebhookSerializer(hook, context={"secret": secret}).data, status=201)


@extend_schema(methods=["GET"], responses={200: WebhookSerializer, **PROBLEMS})
@extend_schema(
    methods=["PATCH"],
    request=WebhookAskedSerializer(partial=True),
    responses={200: WebhookSerializer, **PROBLEMS},
)
@extend_schema(methods=["DELETE"], responses={204: None, **PROBLEMS})
@api_view(["GET", "PATCH", "DELETE"])
@permission_classes([MayManage])
def webhook(request: Request, slug: str, pk: int) -> Response:
    """Return a webhook; PATCH changes it or switches it, DELETE ends it with its log."""
    space = find_space(request, slug, Action.MANAGE)
    hook = get_object_or_404(space.webhooks, pk=pk)
    if request.method == "DELETE":
        with transaction.atomic():
            AuditEntry.objects.record(space, request.user, "webhook deleted", hook.address)
            hook.delete()
        return Response(status=204)
    if request.method == "PATCH":
        _change(request, space, hook, _read(request, partial=True))
        hook.refresh_from_db()
    return Response(WebhookSerializer(hook).data)


@extend_schema(parameters=PAGED, responses={200: paged(DeliverySerializer), **PROBLEMS})
@api_view(["GET"])
@permission_classes([MayManage])
def deliveries(request: Request, slug: str, pk: int) -> Response:
    """List what was sent to a webhook and what waits, the latest first, with every attempt."""
    hook = get_object_or_404(find_space(request, slug, Action.MANAGE).webhooks, pk=pk)
    rows = hook.deliveries.select_related("event", "webhook__space").prefetch_related("log")
    return answer_page(request, rows, lambda page: DeliverySerializer(page, many=True).data)


@extend_schema(request=None, responses={202: DeliverySerializer, **PROBLEMS, **problems(409)})
@api_view(["POST"])
@permission_classes([MayManage])
def send_again(request: Request, slug: str, pk: int, delivery: int) -> Response:
    """Send something once more, under the same id."""
    space = find_space(request, slug, Action.MANAGE)
    rows = Delivery.objects.filter(webhook__space=space, webhook=pk)
    row = get_object_or_404(rows.select_related("webhook__space", "event"), pk=delivery)
    if not row.send_again():
        raise ConflictError(SWITCH_ON_FIRST)
    AuditEntry.objects.record(
        space, request.user, "webhook sent again", row.webhook.address, delivery=row.pk
    )
    row.refresh_from_db()
    return Response(DeliverySerializer(row).data, status=202)


def _read(request: Request, partial: bool = False) -> dict[str, Any]:
    form = WebhookAskedSerializer(data=request.data, partial=partial)
    form.is_valid(raise_exception=True)
    said: dict[str, Any] = form.validated_data
    return said


def _change(request: Request, space: Space, hook: Webhook, said: dict[str, Any]) -> None:
    with transaction.atomic():
        hook.address = said.get("address", hook.address)
        hook.kinds = list(said.get("events", hook.kinds))
        hook.save(update_fields=["address", "kinds"])
        if said.get("enabled") is True:
            hook.switch_on()
        elif said.get("enabled") is False:
            hook.switch_off(_BY_API)
        AuditEntry.objects.record(
            space, request.user, "webhook changed", hook.address, fields=sorted(said)
        )
