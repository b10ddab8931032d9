"""The inbox: what somebody should know, read and not read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from verifier.spaces.models import Notice

_A_PAGE = 50


@login_required
@require_safe
def show_inbox(request: HttpRequest) -> HttpResponse:
    """Show one's notices, the latest first."""
    notices = Notice.objects.filter(user_id=request.user.pk)
    page = Paginator(notices, _A_PAGE).get_page(request.GET.get("page"))
    unread = notices.filter(read_at=None).count()
    return render(request, "spaces/inbox.html", {"page": page, "unread": unread})


@login_required
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Note that all of them were read."""
    mine = Notice.objects.filter(user_id=request.user.pk, read_at=None)
    mine.update(read_at=timezone.now())
    return redirect("inbox")
