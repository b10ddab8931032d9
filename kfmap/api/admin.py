"""Tokens for the staff: to be seen and revoked, never to be read or made."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from kfmap.admin_lists import LongListAdmin
from kfmap.api.models import ApiToken, TokenState


@admin.register(ApiToken)
class ApiTokenAdmin(LongListAdmin):
    """The digest stays unseen."""

    list_display = ("name", "start", "user", "created_at", "expires_at", "last_used_at", "state")
    list_filter = ("revoked_at",)
    search_fields = ("name", "start", "user__username")
    actions = ("revoke",)
    fields = readonly_fields = (
        "user",
        "name",
        "start",
        "scopes",
        "space",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: only its owner sees the text of a token."""
        return False

    @admin.action(description="Expire the selected tokens now", permissions=["delete"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        """End them for good."""
        usable = [token for token in tokens if token.state == TokenState.USABLE]
        for token in usable:
            token.revoke()
        count = len(usable)
        told = "1 token is revoked." if count == 1 else f"{count} tokens are revoked."
        self.message_user(request, told)
