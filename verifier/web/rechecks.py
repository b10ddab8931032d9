"""Rechecks: why objects were checked again, how far it is, what broke and what healed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from verifier.rechecking import control
from verifier.rechecking.compare import Kind
from verifier.rechecking.models import Recheck
from verifier.rechecking.telling import list_told
from verifier.spaces.roles import Action
from verifier.web.found import recheck_view

_A_PAGE = 50


@login_required
@require_safe
def list_rechecks(request: HttpRequest) -> HttpResponse:
    """List them, the latest first."""
    runs = Recheck.objects.visible_to(request.user)
    page = Paginator(runs, _A_PAGE).get_page(request.GET.get("page"))
    return render(request, "verifier/rechecks.html", {"page": page, "section": "uploads"})


@require_safe
@recheck_view()
def show_recheck(request: HttpRequest, run: Recheck) -> HttpResponse:
    """Show one, with the objects that the reader sees and no others."""
    items = run.items.visible_to(request.user)
    counts = items.count_by_recheck([run])[run.pk]
    told = list_told(run, request.user)
    context: dict[str, Any] = {
        "run": run,
        "total": counts.total,
        "finished": counts.finished,
        "checked": counts.checked,
        "given_up": counts.given_up,
        "computed": counts.computed,
        "broke": [item for item in told if item.kind == Kind.BROKE],
        "healed": [item for item in told if item.kind == Kind.HEALED],
        "other": [item for item in told if item.kind == Kind.OTHER],
        "unchecked": [item for item in told if item.problem],
        "may_cancel": run.may_be_cancelled_by(request.user),
        "section": "uploads",
    }
    return render(request, "verifier/recheck.html", context)


@require_POST
@recheck_view(Action.MANAGE)
def cancel_recheck(request: HttpRequest, run: Recheck) -> HttpResponse:
    """End one: nothing more is sent, and nobody gets a summary. What was checked stays."""
    if control.cancel(run, request.user):
        messages.success(request, "It is cancelled. What was checked until now stays.")
    return redirect(run)


@require_POST
@recheck_view(Action.MANAGE)
def resume_recheck(request: HttpRequest, run: Recheck) -> HttpResponse:
    """Go on with one that was cancelled, at the objects that it had not come to."""
    if control.resume(run, request.user):
        messages.success(request, "It goes on where it was cancelled.")
    return redirect(run)
