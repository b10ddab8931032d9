"""Spaces in Django's admin: to look at, to change who is in them, and to read what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import models as forms
from django.http import HttpRequest

from kfmap.admin_lists import LatelyChoices, LongListAdmin
from verifier.spaces.counted_deletion import CountedDeletionAdmin
from verifier.spaces.membership import LastMaintainerError, withdraw
from verifier.spaces.models import AuditEntry, Ending, Invitation, Membership, Space
from verifier.spaces.roles import Role

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Membership, Space]
    BaseInlineFormSet = forms.BaseInlineFormSet[Membership, Space, forms.ModelForm[Membership]]
else:
    TabularInline = admin.TabularInline
    BaseInlineFormSet = forms.BaseInlineFormSet


class MembershipFormSet(BaseInlineFormSet):
    """The members of a space as they would be."""

    def clean(self) -> None:
        """Refuse what would leave a space without anybody who maintains it."""
        super().clean()
        rows = self.instance.memberships.select_for_update(of=("self",)) if self.instance.pk else ()
        if any(_maintains(row) for row in rows) and not self._keeps_maintainers():
            raise ValidationError(str(LastMaintainerError()))

    def _keeps_maintainers(self) -> bool:
        stay = [form for form in self.forms if form not in self.deleted_forms]
        changed = [form.instance for form in stay if form.is_valid() and form.instance.user_id]
        maintainers = {row.user_id for row in changed if _maintains(row)}
        owner = self.instance.owner_id
        return bool(maintainers) and (owner is None or owner in maintainers)


def _maintains(row: Membership) -> bool:
    return row.role == Role.MAINTAINER and row.user.is_active


class MembershipInline(TabularInline):
    """The members of a space, on its page."""

    model = Membership
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Space)
class SpaceAdmin(CountedDeletionAdmin):
    """Spaces with their members; what is changed here is in their trails, too."""

    list_display = ("name", "slug", "owner", "visibility", "retention_days", "created_at")
    list_filter = ("visibility", ("retention_days", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("name", "slug")
    autocomplete_fields = ("owner",)
    inlines = (MembershipInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep the space with its members, and write down what changed."""
        super().save_related(request, form, formsets, change)
        space = form.instance
        if not change:
            AuditEntry.objects.record(space, request.user, "space made", space.slug)
        elif form.changed_data:
            AuditEntry.objects.record(
                space, request.user, "settings changed", space.slug, fields=form.changed_data
            )
        for formset in formsets:
            _record_members(request, space, formset)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Hide a space, which workers then remove; its trail says so."""
        assert isinstance(obj, Space)
        Ending.objects.end_space(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Delete spaces one by one, so that each trail says so."""
        for space in queryset:
            self.delete_model(request, space)


def _record_members(request: HttpRequest, space: Space, formset: Any) -> None:
    """Write down who came, who has another role, and who went, as it was just kept."""
    changed = [row for row, _ in formset.changed_objects]
    for what, rows in (
        ("member joined", formset.new_objects),
        ("role changed", changed),
        ("member removed", formset.deleted_objects),
    ):
        for row in rows:
            AuditEntry.objects.record(space, request.user, what, str(row.user), role=row.role)


class _OnlyReadAdmin(LongListAdmin):
    """Rows that kfmap writes, and removes where it does."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse."""
        return False


@admin.register(Ending)
class EndingAdmin(_OnlyReadAdmin):
    """How far the removal of deleted spaces is. A row that is removed would leave its space, with
    nobody to see it."""

    list_display = ("address", "asked_by", "removed", "total", "begun_at", "taken_at")
    list_select_related = ("asked_by",)


@admin.register(Invitation)
class InvitationAdmin(LongListAdmin):
    """Links that were not used yet; they are made on the page of a space."""

    list_display = ("space", "role", "created_by", "expires_at")
    list_select_related = ("space", "created_by")
    exclude = ("token_hash",)
    actions = ("expire",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: the link itself would be seen by nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a link says to whom it was given what."""
        return False

    @admin.action(description="Expire the selected invitations now", permissions=["delete"])
    def expire(self, request: HttpRequest, links: QuerySet[Invitation]) -> None:
        """Make links useless."""
        self.delete_queryset(request, links)
        self.message_user(request, "The invitations lead nowhere any more.")

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Withdraw a link, so that the trail of its space says so."""
        assert isinstance(obj, Invitation)
        withdraw(obj, request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Withdraw links one by one."""
        for link in queryset.select_related("space"):
            withdraw(link, request.user)


@admin.register(AuditEntry)
class AuditEntryAdmin(_OnlyReadAdmin):
    """What was done; entries are only read."""

    list_display = ("at", "actor_name", "what", "subject", "space_name")
    date_hierarchy = "at"
    list_filter = (("what", LatelyChoices),)
    search_fields = ("actor_name", "subject", "space_name")
    searched = 20_000
    search_help_text = f"who, what it was done with, or a space, among the latest {searched:,}"
