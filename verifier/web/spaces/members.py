"""Members of a space: roles, and their end."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from verifier.spaces.membership import LastMaintainerError, change_role, end_membership
from verifier.spaces.models import Space
from verifier.spaces.roles import Action
from verifier.web.found import space_view
from verifier.web.spaces.forms import RoleForm


@require_POST
@space_view(Action.MANAGE)
def change(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Change a member's role, or remove them."""
    form = RoleForm(request.POST)
    removes = "remove" in request.POST
    if not removes and not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect(space)
    member = get_object_or_404(space.memberships, pk=pk)
    try:
        if removes:
            end_membership(member, request.user)
        else:
            change_role(member, str(form.cleaned_data["role"]), request.user)
    except LastMaintainerError as error:
        messages.error(request, str(error))
    return redirect(space)


@login_required
@require_POST
@space_view()
def leave(request: HttpRequest, space: Space) -> HttpResponse:
    """End the reader's own membership."""
    member = get_object_or_404(space.memberships, user_id=request.user.pk)
    try:
        end_membership(member, request.user)
    except LastMaintainerError as error:
        messages.error(request, str(error))
        return redirect(space)
    return redirect("spaces")
