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


@login_required
@require_safe
def show_inbox(request: HttpRequest) -> HttpResponse:
    """Show one's notices, the latest first."""
    assert isinstance(request.user, User)
    notices = request.user.notices.all()
    page = Paginator(notices, _A_PAGE).get_page(request.GET.get("page"))
    unread = notices.filter(read_at=None).count()
    return render(request, "spaces/inbox.html", {"page": page, "unread": unread})


@login_required
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Note that all of them were read."""
    assert isinstance(request.user, User)
    request.user.notices.filter(read_at=None).update(read_at=timezone.now())
    return redirect("inbox")
