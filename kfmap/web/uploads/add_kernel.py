"""Add a kernel from the browser: the form, the job with its steps, and what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from kfmap.adding.models import Addition
from kfmap.adding.parts import cancel
from kfmap.web.uploads.add_form import (
    MAY_NOT_ADD,
    AddForm,
    MineForm,
    may_add,
    start_addition,
    too_many_open,
)

_LATEST = 20


@login_required
def add_kernel(request: HttpRequest) -> HttpResponse:
    """Ask for a kernel's source and what goes with it, and read it as a job."""
    if not may_add(request.user):
        raise PermissionDenied(MAY_NOT_ADD)
    return _take(request, AddForm, "web/add_kernel.html")


@login_required
def add_mine(request: HttpRequest) -> HttpResponse:
    """Ask for the types of somebody's kernel, and answer by the rules of the nearest one."""
    return _take(request, MineForm, "web/my_kernel.html")


def _take(
    request: HttpRequest, make: type[AddForm] | type[MineForm], template: str
) -> HttpResponse:
    assert isinstance(request.user, User)
    status = 200
    form = make(request.POST, request.FILES) if request.method == "POST" else make()
    if request.method == "POST":
        if form.is_valid() and too_many_open(request.user):
            form.add_error(None, "Your other kernels are still being read: wait, or cancel one.")
        if form.is_valid():
            return redirect(start_addition(form, request.user))
        status = 422
    mine = Addition.objects.filter(user=request.user, estimate=make is MineForm)
    latest = mine.select_related("kernel").prefetch_related("parts")[:_LATEST]
    context = {
        "form": form,
        "latest": latest,
        "may_add": may_add(request.user),
        "section": "kernels",
    }
    return render(request, template, context, status=status)


@login_required
@require_safe
def show_addition(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a job is and, when it is over, what came of it."""
    return render(request, "web/addition.html", _context(_own(request, pk)))


@login_required
@require_safe
def show_addition_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the progress as a fragment; once it is over, all of the page is to be shown.

    Nothing is returned while it is as it is `shown`: a screen reader would say it again.
    """
    addition = _own(request, pk)
    if request.GET.get("shown") == _shown(addition):
        return HttpResponse(status=204)
    response = render(request, "parts/addition_progress.html", _context(addition))
    if addition.is_over:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def cancel_addition(request: HttpRequest, pk: int) -> HttpResponse:
    """End a job, whatever became of its worker."""
    addition = _own(request, pk)
    cancel(addition)
    return redirect(addition)


@login_required
@require_POST
def drop_estimate(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an estimate out of the map again."""
    addition = _own(request, pk)
    if addition.estimate and addition.kernel:
        name = addition.kernel.name
        addition.kernel.delete()
        messages.info(request, f"{name} is not in the map any more.")
    return redirect("my-kernel")


def _own(request: HttpRequest, pk: int) -> Addition:
    """Return an addition of the reader, or any to the staff. Raises Http404 otherwise."""
    addition = get_object_or_404(Addition.objects.select_related("kernel"), pk=pk)
    assert isinstance(request.user, User)
    if addition.user_id != request.user.pk and not request.user.is_staff:
        raise Http404("There is no such addition.")
    return addition


def _shown(addition: Addition) -> str:
    """Return what tells one fragment of progress from the next."""
    return f"{addition.state}-{addition.percent}-{addition.step}"


def _context(addition: Addition) -> dict[str, object]:
    return {
        "addition": addition,
        "shown": _shown(addition),
        "provenance": getattr(addition.kernel, "provenance", None) if addition.kernel else None,
        "parts": addition.parts.all(),
        "section": "kernels",
    }
