"""The uploads on one kernel, kept variants first of all: checked as on any other kernel."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from kfmap.catalogue.models import Variant
from kfmap.web.shared.id_page import read_asked
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.page import Page, kernel_page
from kfmap.web.uploads.uploads_on_kernel import (
    list_latest,
    list_rows,
    measure_progress,
    start_checks,
)

_A_PAGE = 50


@login_required
@require_safe
@kernel_page(conditional=False)
def show_uploads(request: HttpRequest, this: ThisKernel) -> Page:
    """Show how the uploads fare on a kernel; while they are being checked, how far that is."""
    kernel = this.row
    variant = Variant.objects.filter(kernel=kernel).first()
    base = variant.base_facts_hash if variant else kernel.facts_hash
    objects = list_latest(request.user)
    page = read_asked(objects, request.GET, _A_PAGE)
    context = {
        "variant": variant,
        "progress": measure_progress(kernel, objects),
        "rows": list_rows(kernel, base, request.user, page),
        "page": page,
    }
    return Page("mechanisms/uploads.html", context)


@login_required
@require_POST
@kernel_page(conditional=False)
def check_uploads(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Have the uploads checked that have no verdicts on a kernel."""
    if not start_checks(this.row, request.user):
        messages.info(request, f"Every upload is checked on {this.name} already.")
    return redirect("kernel-uploads", this.name)
