"""The home page: the question, the kernels, what changed last."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kfmap.web.compare.changes import find_changes
from kfmap.web.shared.kernel_map import Atlas
from kfmap.web.shared.page import map_page
from verifier.records.models import BpfObject

_LATEST = 5


@map_page
def show_home(request: HttpRequest, atlas: Atlas) -> HttpResponse:
    """Show the question box, the kernels, the latest uploads and what the newest kernel changed."""
    changes = None
    released = atlas.released
    if len(released) > 1:
        older, newest = released[-2:]
        changes = find_changes(atlas.load(older.name), atlas.load(newest.name))
    objects = BpfObject.objects.prefetch_related("jobs")[:_LATEST]
    context = {
        "atlas": atlas,
        "kernels": [*released[::-1], *(row for row in atlas.rows if row not in released)],
        "chosen": atlas.newest,
        "changes": changes,
        "objects": objects if request.user.is_authenticated else None,
    }
    return render(request, "web/home.html", context)
