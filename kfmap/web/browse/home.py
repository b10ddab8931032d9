"""The home page: the question, the kernels, what changed last."""

from __future__ import annotations

from django.http import HttpRequest

from kfmap.web.compare.changes import find_changes
from kfmap.web.questions.question import answer_request
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page
from verifier.records.models import BpfObject

_LATEST = 5
_MOST_KERNELS = 24


@map_page()
def show_home(request: HttpRequest, kernels: KernelMap) -> Page:
    """Show the question box, the newest kernels, what the last one changed, and latest uploads."""
    changes = None
    if len(kernels.line) > 1:
        older, newest = kernels.line[-2:]
        changes = find_changes(kernels.load(older.name), kernels.load(newest.name))
    objects = BpfObject.objects.visible_to(request.user).prefetch_related("jobs")[:_LATEST]
    context = {
        **answer_request(request, kernels),
        "listed": kernels.rows[::-1][:_MOST_KERNELS],
        "changes": changes,
        "objects": objects if request.user.is_authenticated else None,
    }
    return Page("web/home.html", context)
