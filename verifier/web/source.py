"""The source of a program, its calls marked with what one kernel does with them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from kfmap.catalogue.availability import StorageAwayError
from kfmap.web.shared.asked import read_kernel
from kfmap.web.shared.kernel_map import load_kernel_map
from verifier.jobs.checker import CheckFailedError
from verifier.jobs.files import MissingBytesError
from verifier.jobs.reading import read_source
from verifier.records.models import BpfObject
from verifier.records.store import load_checks
from verifier.web.found import object_view
from verifier.web.source_page import build_source_page

_GONE = "The bytes of this object are not kept any more: upload it again to see its source."


@require_safe
@object_view()
def show_source(request: HttpRequest, obj: BpfObject, position: int) -> HttpResponse:
    """Show the lines of a program; ?kernel= chooses whose verdict marks the calls."""
    program = get_object_or_404(obj.programs, position=position)
    kernels = load_kernel_map()
    kernel = read_kernel(request, kernels) or kernels.newest
    context = {
        "object": obj,
        "program": program,
        "kernels": kernels.rows[::-1],
        "kernel": kernel,
        "section": "uploads",
    }
    try:
        view = read_source(obj.sha256, obj.size, program.position)
    except (CheckFailedError, MissingBytesError, StorageAwayError) as error:
        gone = isinstance(error, MissingBytesError)
        context["problem"] = _GONE if gone else f"The source cannot be read: {error}."
        return render(request, "verifier/program_source.html", context, status=503)
    check = load_checks(obj, [kernel]).get(kernel.facts_hash) if kernel else None
    verdicts = {item.program: item for item in check.programs} if check else {}
    context["page"] = build_source_page(view, verdicts.get(program.name))
    return render(request, "verifier/program_source.html", context)
