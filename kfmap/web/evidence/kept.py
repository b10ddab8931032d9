"""The page of kept evidence: where it is from, and every cell in which it differs from the map."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from kfmap.evidence.models import Evidence
from kfmap.evidence.store import load_evidence
from kfmap.web.evidence.differing import explain_differences
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page

_SHOWN = 200


@map_page("kernels", conditional=False)
def show_evidence(request: HttpRequest, kernels: KernelMap, sha256: str) -> Page | HttpResponse:
    """Show kept evidence, compared with the map as it is now."""
    row = Evidence.objects.filter(sha256=sha256).first()
    if row is None:
        raise Http404("No such evidence is kept.")
    kept = load_evidence(row)
    cells = []
    if kept.kernel is not None and kept.comparison is not None:
        differences = kept.comparison.differences[:_SHOWN]
        cells = list(explain_differences(kept.kernel, kept.document, differences))
    return Page("web/evidence.html", {"kept": kept, "row": row, "cells": cells})
