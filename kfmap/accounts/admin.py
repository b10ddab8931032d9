"""People in Django's admin: who they are, where they are signed in, and the one-time link."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from axes.admin import AccessAttemptAdmin, AccessFailureLogAdmin, AccessLogAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from kfmap.accounts.models import SetupLink, SignIn
from kfmap.accounts.sign_ins import end_sign_in
from kfmap.admin_lists import LongListAdmin
from verifier.records.models import Review

if TYPE_CHECKING:
    BaseUserAdmin = DjangoUserAdmin[User]
else:
    BaseUserAdmin = DjangoUserAdmin

admin.site.register(SetupLink, list_display=("expires_at",), exclude=("token_hash",))
admin.site.unregister(User)
admin.site.unregister((AccessAttempt, AccessFailureLog, AccessLog))
for _rows, _page in (
    (AccessAttempt, AccessAttemptAdmin),
    (AccessFailureLog, AccessFailureLogAdmin),
    (AccessLog, AccessLogAdmin),
):  # a row for each time that somebody signed in, or tried to
    admin.site.register(_rows, type(_page.__name__, (LongListAdmin, _page), {}))


@admin.register(SignIn)
class SignInAdmin(LongListAdmin):
    """Where people are signed in; removing a row ends its session."""

    list_display = ("user", "agent", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    exclude = ("session_key",)
    actions = ("expire",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: signing in makes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SignIn | None = None) -> bool:
        """Refuse: they say what was."""
        return False

    @admin.action(description="End the selected sessions now", permissions=["delete"])
    def expire(self, request: HttpRequest, rows: QuerySet[SignIn]) -> None:
        """Sign people out there."""
        ending = list(rows)
        self.delete_queryset(request, rows)
        self.message_user(request, f"Sessions ended: {len(ending)}.")

    def delete_model(self, request: HttpRequest, obj: SignIn) -> None:
        """End the session with its row."""
        end_sign_in(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> None:
        """End each session with its row."""
        for row in queryset:
            end_sign_in(row)


@admin.register(User)
class UserAdmin(LongListAdmin, BaseUserAdmin):
    """People; switching somebody off keeps what they uploaded and said."""

    ordering = ("username",)
    list_display = ("username", "email", "is_active", "is_staff", "has_second_factor", "last_login")
    sortable_by = list_display
    actions = ("switch_off", "sign_out", "forget_second_factor")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return people, with what the list shows of each."""
        factors = Authenticator.objects.filter(user=OuterRef("pk"))
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(factor=Exists(factors))

    @admin.display(description="second factor", boolean=True, ordering="factor")
    def has_second_factor(self, user: User) -> bool:
        """Return whether a password alone does not let them in."""
        return bool(getattr(user, "factor", False))

    @admin.action(description="Switch off, and sign out everywhere", permissions=["change"])
    def switch_off(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Keep people out; nobody does so to themselves."""
        others = people.exclude(username=request.user.get_username())
        self._sign_out(others)
        count = others.update(is_active=False)
        self.message_user(request, f"Switched off: {count}.")

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """End every session; tokens stay."""
        self.message_user(request, f"Sessions ended: {self._sign_out(people)}.")

    @admin.action(description="Take the second factor away", permissions=["change"])
    def forget_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Let a password do again, for whoever lost their phone."""
        rows = Authenticator.objects.filter(user__in=people.values("pk"))
        count = rows.values("user").distinct().count()
        rows.delete()
        self.message_user(request, f"Second factors taken away: {count}.")

    def get_deleted_objects(self, objs: Iterable[User], request: HttpRequest) -> Any:
        """Refuse where reviews in their own space would go along: what was said stays said."""
        objs = list(objs)
        rows, goes, keeps, protected = super().get_deleted_objects(objs, request)
        if Review.objects.filter(space__owner__in=objs).exists():
            keeps.add("review")
        return rows, goes, keeps, protected

    def _sign_out(self, people: QuerySet[User]) -> int:
        rows = list(SignIn.objects.filter(user__in=people.values("pk")))
        for row in rows:
            end_sign_in(row)
        return len(rows)
