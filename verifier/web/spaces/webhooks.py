"""Webhooks of a space, for those who maintain it: made, tried, switched, and what was sent."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from verifier.spaces.models import AuditEntry, Event, Kind, Space
from verifier.spaces.roles import Action
from verifier.web.found import space_view
from verifier.webhooks.deliver import build_body
from verifier.webhooks.models import MOST_WEBHOOKS, SWITCH_ON_FIRST, TOO_MANY, Delivery, Webhook
from verifier.webhooks.targets import MAX_ADDRESS, RefusedTargetError, read_target

_A_PAGE = 30
KINDS = [choice for choice in Kind.choices if choice[0] != Kind.PING]


class WebhookForm(forms.Form):
    """Where what happens is sent, and what of it."""

    address = forms.CharField(
        label="Address",
        max_length=MAX_ADDRESS,
        widget=forms.URLInput({"placeholder": "https://example.org/hook", "autocomplete": "off"}),
    )
    kinds = forms.MultipleChoiceField(
        label="Events to send",
        help_text="Tick none to send every event.",
        choices=KINDS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_address(self) -> str:
        """Refuse what no webhook may have; a name is resolved when something is sent."""
        address = str(self.cleaned_data["address"])
        try:
            read_target(address, settings.KFMAP_WEBHOOK_HOSTS)
        except RefusedTargetError as error:
            raise forms.ValidationError(str(error)) from error
        return address


@never_cache
@require_http_methods(["GET", "POST"])
@space_view(Action.MANAGE)
def list_webhooks(request: HttpRequest, space: Space) -> HttpResponse:
    """Show the webhooks; POST makes another, whose secret is shown this once."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST":
        if space.webhooks.count() >= MOST_WEBHOOKS:
            form.add_error(None, TOO_MANY)
        if form.is_valid():
            return _make(request, space, form)
    status = 422 if request.method == "POST" else 200
    context = {"space": space, "form": form, "hooks": space.webhooks.all(), "section": "spaces"}
    return render(request, "spaces/webhooks.html", context, status=status)


def _make(request: HttpRequest, space: Space, form: WebhookForm) -> HttpResponse:
    said = form.cleaned_data
    assert isinstance(request.user, User)
    with transaction.atomic():
        pk, secret = Webhook.objects.add(space, said["address"], said["kinds"], request.user)
        _record(request, space, "webhook made", said["address"])
    return _show(request, Webhook.objects.get(pk=pk), secret=secret, status=201)


@never_cache
@require_http_methods(["GET", "POST"])
@space_view(Action.MANAGE)
def show_webhook(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Show a webhook with what was sent; POST changes where it leads and what it is told."""
    hook = get_object_or_404(space.webhooks, pk=pk)
    if request.method != "POST":
        return _show(request, hook)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _show(request, hook, form, status=422)
    with transaction.atomic():
        hook.address, hook.kinds = form.cleaned_data["address"], form.cleaned_data["kinds"]
        hook.save(update_fields=["address", "kinds"])
        _record(request, space, "webhook changed", hook.address)
    messages.success(request, "The webhook is saved.")
    return redirect(hook)


def _show(
    request: HttpRequest,
    hook: Webhook,
    form: WebhookForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = hook.deliveries.select_related("event", "webhook__space").prefetch_related("log")
    page = Paginator(rows, _A_PAGE).get_page(request.GET.get("page"))
    context = {
        "space": hook.space,
        "hook": hook,
        "form": form or WebhookForm(initial={"address": hook.address, "kinds": hook.kinds}),
        "page": page,
        "rows": [(row, json.dumps(build_body(row), indent=2)) for row in page],
        "secret": secret,
        "section": "spaces",
    }
    return render(request, "spaces/webhook.html", context, status=status)


@never_cache
@require_POST
@space_view(Action.MANAGE)
def renew_secret(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Make another secret and show it, this once; the old one signs nothing any more."""
    hook = get_object_or_404(space.webhooks, pk=pk)
    with transaction.atomic():
        secret = hook.renew_secret()
        _record(request, space, "webhook secret renewed", hook.address)
    return _show(request, hook, secret=secret)


@require_POST
@space_view(Action.MANAGE)
def try_webhook(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Send an event that only this webhook is told."""
    hook = get_object_or_404(space.webhooks.working(), pk=pk)
    event = Event.objects.create(
        space=space,
        kind=Kind.PING,
        text=f"{request.user} tries the webhook of {space}",
        url=request.build_absolute_uri(hook.get_absolute_url()),
    )
    hook.deliveries.create(event=event)
    messages.success(request, "A test is on its way: load this page again in a few seconds.")
    return redirect(hook)


@require_POST
@space_view(Action.MANAGE)
def switch_webhook(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Switch a webhook off, or on again."""
    hook = get_object_or_404(space.webhooks, pk=pk)
    with transaction.atomic():
        if hook.disabled_at is None:
            hook.switch_off(f"{request.user} switched it off.")
            _record(request, space, "webhook switched off", hook.address)
        else:
            hook.switch_on()
            _record(request, space, "webhook switched on", hook.address)
    return redirect(hook)


@require_POST
@space_view(Action.MANAGE)
def delete_webhook(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Delete a webhook with the log of what was sent."""
    hook = get_object_or_404(space.webhooks, pk=pk)
    with transaction.atomic():
        _record(request, space, "webhook deleted", hook.address)
        hook.delete()
    messages.success(request, "The webhook is deleted.")
    return redirect("webhooks", space.slug)


@require_POST
@space_view(Action.MANAGE)
def send_again(request: HttpRequest, space: Space, pk: int, delivery: int) -> HttpResponse:
    """Send something once more, under the same id."""
    rows = Delivery.objects.filter(webhook__space=space, webhook=pk).select_related("webhook")
    row = get_object_or_404(rows, pk=delivery)
    if row.send_again():
        _record(request, space, "webhook sent again", row.webhook.address, delivery=row.pk)
        messages.success(request, "It is being sent again: load this page again in a few seconds.")
    else:
        messages.error(request, SWITCH_ON_FIRST)
    return redirect(row.webhook)


def _record(request: HttpRequest, space: Space, what: str, subject: str, **data: Any) -> None:
    AuditEntry.objects.record(space, request.user, what, subject, **data)
