"""Links into a space: made, withdrawn, and followed by people with or without an account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from verifier.spaces import membership
from verifier.spaces.membership import invite, join
from verifier.spaces.models import Invitation, Space
from verifier.spaces.roles import Action
from verifier.web.found import space_view
from verifier.web.spaces.forms import RoleForm


@require_POST
@never_cache
@space_view(Action.MANAGE)
def issue(request: HttpRequest, space: Space) -> HttpResponse:
    """Make a link and show it, this once: only its hash is kept."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect(space)
    assert isinstance(request.user, User)
    role = str(form.cleaned_data["role"])
    _, token = invite(space, role, request.user)
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    context = {"space": space, "role": role, "link": link, "section": "spaces"}
    return render(request, "spaces/invited.html", context)


@require_POST
@space_view(Action.MANAGE)
def withdraw(request: HttpRequest, space: Space, pk: int) -> HttpResponse:
    """Make a link useless."""
    membership.withdraw(get_object_or_404(space.invitations, pk=pk), request.user)
    return redirect(space)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to join; somebody without an account makes one with the same form."""
    link = Invitation.objects.usable(token)
    if link is None:
        return render(request, "spaces/invitation_over.html", {"section": "spaces"}, status=410)
    form: UserCreationForm[User] | None = None
    if not isinstance(request.user, User):
        form = UserCreationForm(request.POST or None)
    if request.method != "POST" or (form is not None and not form.is_valid()):
        context = {"link": link, "form": form, "section": "spaces"}
        return render(request, "spaces/invitation.html", context)
    user = _join(request, link, form)
    if user is None:
        return render(request, "spaces/invitation_over.html", {"section": "spaces"}, status=410)
    if form is not None:
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(link.space)


class _UsedError(Exception):
    """Somebody else was faster; the account that was being made goes with the transaction."""


def _join(
    request: HttpRequest, link: Invitation, form: UserCreationForm[User] | None
) -> User | None:
    """Return the member, None where somebody else used the link first: then no account is made."""
    try:
        with transaction.atomic():
            user = request.user if form is None else form.save()
            assert isinstance(user, User)
            if not join(link, user):
                raise _UsedError
            return user
    except _UsedError:
        return None
