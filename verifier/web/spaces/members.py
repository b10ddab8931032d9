"""Members of a space: roles, and their end."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from verifier.spaces.models import AuditEntry, Membership, Space
from verifier.spaces.roles import Action, Role
from verifier.web.found import space_view
from verifier.web.spaces.forms import RoleForm

_LAST = "A space needs a maintainer: make somebody else one first."


@require_POST
@space_view(Action.MANAGE)
def change(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Change a member's role, or remove them."""
    form = RoleForm(request.POST)
    removes = "remove" in request.POST
    if not removes and not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect(space)
    role = None if removes else str(form.cleaned_data["role"])
    with transaction.atomic():
        member = get_object_or_404(space.memberships.select_for_update(), pk=pk)
        if not _keeps_a_maintainer(member, role):
            messages.error(request, _LAST)
            return redirect(space)
        _apply(member, role)
        what = "member removed" if role is None else "role changed"
        AuditEntry.objects.record(space, request.user, what, str(member.user), role=role or "")
    return redirect(space)


@login_required
@require_POST
@space_view()
def leave(request: HttpRequest, space: Space) -> HttpResponse:
    """End the reader's own membership."""
    with transaction.atomic():
        member = get_object_or_404(space.memberships.select_for_update(), user_id=request.user.pk)
        if not _keeps_a_maintainer(member, None):
            messages.error(request, _LAST)
            return redirect(space)
        member.delete()
        AuditEntry.objects.record(space, request.user, "member left", request.user.get_username())
    return redirect("spaces")


def _keeps_a_maintainer(member: Membership, role: str | None) -> bool:
    """Return whether somebody still maintains the space; the owner of a personal one always does.

    `role` is what the member becomes, None if they leave.
    """
    if role == Role.MAINTAINER:
        return True
    if member.user_id == member.space.owner_id:
        return False
    others = member.space.memberships.select_for_update().filter(role=Role.MAINTAINER)
    return any(other.pk != member.pk for other in others)


def _apply(member: Membership, role: str | None) -> None:
    if role is None:
        member.delete()
    else:
        member.role = role
        member.save(update_fields=["role"])
