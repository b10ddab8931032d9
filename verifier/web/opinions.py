"""Second opinions of an object: ask booted kernels, follow the guests, read both verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from verifier.guests.models import Opinion
from verifier.guests.store import load_opinions
from verifier.guests.submit import CannotAskError, ask, images, missing
from verifier.opinions.compared import ComparedOpinion
from verifier.records.models import BpfObject


@dataclass(frozen=True, slots=True)
class OpinionPart:
    """What pages show of an object's opinions: those that are there, and those under way."""

    opinions: list[ComparedOpinion]
    open: list[Opinion]
    failed: list[Opinion]


def load_opinion_part(obj: BpfObject) -> OpinionPart:
    """Return the part, in two queries where no kernel was asked."""
    rows = list(obj.opinions.defer("data").exclude(state=Opinion.State.DONE))
    latest: dict[str, Opinion] = {}
    for row in rows:
        latest.setdefault(row.kernel, row)
    failed = [row for row in latest.values() if row.state == Opinion.State.FAILED]
    return OpinionPart(load_opinions(obj), [row for row in rows if not row.is_over], failed)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_opinions(request: HttpRequest, sha256: str) -> HttpResponse:
    """Show what kernels say of an object beside kfmap's verdicts, or ask the chosen ones."""
    obj = get_object_or_404(BpfObject, sha256=sha256)
    if request.method == "POST":
        return _ask(request, obj)
    context = {
        "object": obj,
        "part": load_opinion_part(obj),
        "images": images().values(),
        "missing": missing(),
        "section": "uploads",
    }
    return render(request, "verifier/opinions.html", context)


def _ask(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        ask(obj, request.POST.getlist("kernel"), request.user)
    except CannotAskError as error:
        messages.error(request, str(error))
    return redirect("object-opinions", sha256=obj.sha256)


@login_required
@require_safe
def show_opinion_progress(request: HttpRequest, sha256: str) -> HttpResponse:
    """Return the guests under way as a fragment; once there are none, have the page read anew."""
    obj = get_object_or_404(BpfObject, sha256=sha256)
    waiting = list(obj.opinions.open().defer("data"))
    response = render(request, "verifier/opinion_progress.html", {"object": obj, "open": waiting})
    if not waiting:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def cancel_opinions(request: HttpRequest, sha256: str) -> HttpResponse:
    """End what is under way for an object; guests stop within seconds."""
    obj = get_object_or_404(BpfObject, sha256=sha256)
    obj.opinions.cancel()
    return redirect("object-opinions", sha256=obj.sha256)
