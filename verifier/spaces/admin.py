"""Spaces in Django's admin: to look at, to change who is in them, and to read what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from verifier.spaces.models import AuditEntry, Invitation, Membership, Space

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
    TabularInline = admin.TabularInline[Membership, Space]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class MembershipInline(TabularInline):
    """The members of a space, on its page."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Space)
class SpaceAdmin(ModelAdmin):
    """Spaces with their members."""

    list_display = ("name", "slug", "owner", "visibility", "retention_days", "created_at")
    list_filter = ("visibility", ("retention_days", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("name", "slug")
    autocomplete_fields = ("owner",)
    inlines = (MembershipInline,)


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    """Links that were not used yet; they are made on the page of a space."""

    list_display = ("space", "role", "created_by", "expires_at")
    list_select_related = ("space", "created_by")
    exclude = ("token_hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: the link itself would be seen by nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a link says to whom it was given what."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):
    """What was done; entries are only read."""

    list_display = ("at", "actor_name", "what", "subject", "space_name")
    date_hierarchy = "at"
    list_filter = ("what",)
    search_fields = ("actor_name", "subject", "space_name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: kfmap writes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: they are not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: they are not removed."""
        return False
