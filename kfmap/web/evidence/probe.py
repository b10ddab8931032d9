"""The page of the probe: how to ask a kernel, and what came of evidence that is given here."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from kfmap.catalogue.rows.name_index import NameIndex
from kfmap.catalogue.rows.names import NameKind
from kfmap.evidence.models import Evidence as KeptEvidence
from kfmap.evidence.store import Kept, add_kernel, keep_evidence
from kfmap.probe.agreement import compare_evidence
from kfmap.probe.evidence import MOST_BYTES, EvidenceError
from kfmap.probe.host import SOURCE
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page

_SHOWN = 200
_SHOWN_KEPT = 50


@require_safe
def give_source(request: HttpRequest) -> FileResponse:
    """Return the C source of the probe."""
    response = FileResponse(SOURCE.open("rb"), as_attachment=True, filename="probe.c")
    response["Content-Type"] = "text/plain; charset=utf-8"
    return response


@map_page("kernels")
def give_names(request: HttpRequest, kernels: KernelMap) -> HttpResponse:
    """Return the kfuncs that the map knows, one per line: some carry no tag in their BTF."""
    found = NameIndex(kernels.rows).list_newest([NameKind.KFUNC])
    names = {name.name for name, _ in found}
    return HttpResponse("\n".join(sorted(names)) + "\n", content_type="text/plain; charset=utf-8")


@require_http_methods(["GET", "HEAD", "POST"])
@map_page("kernels", conditional=False)
def show_probe(request: HttpRequest, kernels: KernelMap) -> Page | HttpResponse:
    """Show how to ask a kernel; of evidence that is sent, how it agrees with the map."""
    context: dict[str, object] = {
        "may_add": request.user.is_staff,
        "address": _address(request),
        "kept": KeptEvidence.objects.defer("data")[:_SHOWN_KEPT],
    }
    if request.method != "POST":
        return Page("web/probe.html", context)
    if not request.user.is_authenticated:
        raise PermissionDenied
    try:
        kept = _keep(request)
    except EvidenceError as error:
        return Page("web/probe.html", {**context, "problem": f"{error}."})
    evidence = kept.document
    if request.POST.get("add"):
        return _add(request, kept)
    chosen = request.POST.get("kernel", "")
    kernel = kernels.load(chosen) if chosen else kept.kernel
    context |= {"evidence": evidence, "other": kernel, "row": kept.row}
    if kernel is not None:
        comparison = compare_evidence(kernel.facts, evidence)
        context |= {"comparison": comparison, "differences": comparison.differences[:_SHOWN]}
    return Page("web/probe.html", context)


def _address(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _keep(request: HttpRequest) -> Kept:
    assert isinstance(request.user, User)
    given = request.FILES.get("file")
    if given is None:
        raise EvidenceError("Choose the file that the probe wrote")
    if given.size is None or given.size > MOST_BYTES:
        raise EvidenceError(f"The file is larger than {MOST_BYTES >> 20} MB")
    try:
        return keep_evidence(given.read(), request.user)
    except EvidenceError as error:
        raise EvidenceError(f"{given.name} cannot be read: {error}") from error


def _add(request: HttpRequest, kept: Kept) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied
    try:
        return redirect(add_kernel(kept).get_absolute_url())
    except EvidenceError as error:
        messages.error(request, f"{error}.")
        return redirect("probe")
