"""Spaces: the list, a new one, the page of one, its settings and its end."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kfmap.web.shared.id_page import read_asked
from verifier.engine.reports import RENDERERS
from verifier.records.endings import delete_space
from verifier.records.id_lists import FoundIds
from verifier.records.models import BpfObject
from verifier.records.newest import count_in, ids_in
from verifier.records.outcome import load_outcomes
from verifier.records.reviews import load_latest
from verifier.spaces.access import Reader, role_of
from verifier.spaces.models import AuditEntry, Ending, Space
from verifier.spaces.moment import SAME_MOMENT
from verifier.spaces.roles import ROLE_FOR, Action, Role
from verifier.spaces.space_changes import (
    AddressTakenError,
    keep_settings,
    make_space,
)
from verifier.web.found import space_view
from verifier.web.object_rows import load_jobs, render_rows
from verifier.web.spaces.forms import NewSpaceForm, RoleForm, SettingsForm

_A_PAGE = 50
_SPACES = 100  # on a page of the list
_FILES_GO = (
    "The space is deleted, and nobody sees it any more. Its uploads are removed one after "
    "another: this page says how many are gone."
)


@require_safe
def list_spaces(request: HttpRequest) -> HttpResponse:
    """Show the spaces that the reader may see; their own one is made when they first look."""
    if isinstance(request.user, User):
        Space.objects.personal(request.user)
    spaces = Paginator(Space.objects.visible_to(request.user).staying(), _SPACES)
    page = spaces.get_page(request.GET.get("page"))
    roles = {}
    if isinstance(request.user, User):
        roles = dict(request.user.space_memberships.values_list("space_id", "role"))
    rows = [(space, Role(roles[space.pk]).label if space.pk in roles else "") for space in page]
    context = {
        "rows": rows,
        "page": page,
        "endings": Ending.objects.told_to(request.user),
        "section": "spaces",
    }
    return render(request, "spaces/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Make a space; who makes it maintains it. Pressed twice, the form makes it once."""
    form = NewSpaceForm(request.POST or None)
    assert isinstance(request.user, User)
    if request.method == "POST" and (same := _find_made_just_now(request)):
        return redirect(same)
    if request.method == "POST" and form.is_valid():
        space = form.save(commit=False)
        try:
            make_space(space, request.user)
            return redirect(space)
        except AddressTakenError as error:
            form.add_error("slug", str(error))
    status = 422 if request.method == "POST" else 200
    return render(request, "spaces/new.html", {"form": form, "section": "spaces"}, status=status)


def _find_made_just_now(request: HttpRequest) -> Space | None:
    """Return the space that the same person made of the same form a moment ago."""
    made = AuditEntry.objects.filter(
        what="space made",
        actor_id=request.user.pk,
        subject=request.POST.get("slug", "").lower(),
        at__gt=timezone.now() - SAME_MOMENT,
    )
    same = Space.objects.filter(pk__in=made.values("space_id"), name=request.POST.get("name", ""))
    return same.first()


@require_safe
@space_view()
def show_space(request: HttpRequest, space: Space) -> HttpResponse:
    """Show what a space holds, and to members who they are."""
    page = read_asked(FoundIds(ids_in(space)), request.GET, _A_PAGE)
    objects = BpfObject.objects.in_space(space).filter(pk__in=page.ids)
    shown = list(objects)
    outcomes = load_outcomes(shown)
    load_jobs(shown, outcomes)
    reviews = load_latest(shown, outcomes, request.user, space)
    count, count_is_exact = count_in(space)
    role = role_of(request.user, space)
    managed = role == Role.MAINTAINER
    is_member = managed or _is_member(request.user, space)
    context = {
        "formats": RENDERERS,
        "space": space,
        "page": page,
        "count": count,
        "count_is_exact": count_is_exact,
        "rows": render_rows((obj, outcomes.get(obj.pk, []), reviews.get(obj.pk)) for obj in shown),
        "role": role,
        "managed": managed,
        "may_submit": role in ROLE_FOR[Action.SUBMIT].at_least(),
        "members": space.memberships.select_related("user") if is_member else None,
        "invitations": space.invitations.select_related("created_by") if managed else None,
        "role_form": RoleForm(),
        "roles": Role.choices,
        "section": "spaces",
    }
    return render(request, "spaces/space.html", context)


def _is_member(user: Reader, space: Space) -> bool:
    return isinstance(user, User) and space.memberships.filter(user=user).exists()


@require_http_methods(["GET", "POST"])
@space_view(Action.MANAGE)
def change_settings(request: HttpRequest, space: Space) -> HttpResponse:
    """Change who sees a space, what it cares for and how long uploads stay."""
    form = SettingsForm(request.POST or None, instance=space)
    if request.method == "POST" and form.is_valid():
        keep_settings(form.save(commit=False), form.changed_data, request.user)
        messages.success(request, "The settings are saved.")
        return redirect(space)
    status = 422 if request.method == "POST" else 200
    context = {"space": space, "form": form, "section": "spaces"}
    return render(request, "spaces/settings.html", context, status=status)


@require_POST
@space_view(Action.MANAGE)
def delete(request: HttpRequest, space: Space) -> HttpResponse:
    """End a space with its uploads, once its address was typed; personal ones stay."""
    if space.is_personal or request.POST.get("confirm") != space.slug:
        messages.error(request, "Nothing was deleted: type the address of the space to confirm.")
        return redirect("space-settings", space.slug)
    is_gone = delete_space(space, request.user)
    messages.success(request, "The space is deleted." if is_gone else _FILES_GO)
    return redirect("spaces")
