"""Webhooks in Django's admin: to look at, to switch, and to send again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from kfmap.admin_lists import LongListAdmin
from verifier.spaces.models import AuditEntry
from verifier.webhooks.models import Attempt, Delivery, Webhook

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Attempt, Delivery]
else:
    TabularInline = admin.TabularInline


class _ReadOnly(LongListAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: they are made on the page of a space, where the secret is shown."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: actions switch them and send again."""
        return False


@admin.register(Webhook)
class WebhookAdmin(_ReadOnly):
    """Webhooks of all spaces."""

    list_display = ("address", "space", "failures", "disabled_at", "why_disabled", "created_by")
    list_filter = (("disabled_at", admin.EmptyFieldListFilter),)
    list_select_related = ("space", "created_by")
    search_fields = ("address", "space__name")
    exclude = ("nonce", "proof")
    actions = ("switch_off", "switch_on")

    @admin.action(description="Switch off", permissions=["view"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        """Send nothing more to these."""
        for hook in rows.select_related("space"):
            if hook.switch_off(f"{request.user} switched it off."):
                AuditEntry.objects.record(
                    hook.space, request.user, "webhook switched off", hook.address
                )

    @admin.action(description="Switch on", permissions=["view"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        """Send to these again."""
        for hook in rows.exclude(disabled_at=None).select_related("space"):
            hook.switch_on()
            AuditEntry.objects.record(hook.space, request.user, "webhook switched on", hook.address)


class _AttemptInline(TabularInline):
    model = Attempt
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: workers write them."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(_ReadOnly):
    """What was sent, and every attempt."""

    list_display = ("event", "webhook", "state", "attempts", "next_at", "problem")
    list_filter = ("state", "event__kind")
    list_select_related = ("event", "webhook__space")
    inlines = (_AttemptInline,)
    actions = ("send_again",)

    @admin.action(description="Send again", permissions=["view"])
    def send_again(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """Send these once more."""
        off = [row for row in rows.select_related("webhook__space") if not row.send_again()]
        for row in off:
            text = f"{row.webhook} is switched off: switch it on first."
            self.message_user(request, text, messages.ERROR)
