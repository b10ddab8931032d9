"""The inbox: what somebody should know, read and not read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

_A_PAGE = 50
_LONGEST = 18  # digits of an id


@login_required
@require_safe
def show_inbox(request: HttpRequest) -> HttpResponse:
    """Show one's notices, the latest first."""
    assert isinstance(request.user, User)
    notices = request.user.notices.all()
    page = Paginator(notices, _A_PAGE).get_page(request.GET.get("page"))
    unread = notices.filter(read_at=None).count()
    latest = notices.values_list("pk", flat=True).first()
    context = {"page": page, "unread": unread, "latest": latest}
    return render(request, "spaces/inbox.html", context)


@login_required
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Note that all of them were read, up to the latest that the page showed."""
    assert isinstance(request.user, User)
    unread = request.user.notices.filter(read_at=None)
    until = request.POST.get("until", "")
    if until.isascii() and until.isdecimal():
        unread = unread.filter(pk__lte=int(until[:_LONGEST]))
    unread.update(read_at=timezone.now())
    return redirect("inbox")
