"""The home page: the question, the kernels, what changed last."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kfmap.web.atlas import load_atlas
from kfmap.web.changes import find_changes
from verifier.models import BpfObject

_LATEST = 5


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show the question box, the kernels, the latest uploads and what the newest kernel changed."""
    atlas = load_atlas()
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
