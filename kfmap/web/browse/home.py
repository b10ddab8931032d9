"""The home page: the question, the kernels, what changed last."""

from __future__ import annotations

from django.db.models import prefetch_related_objects
from django.http import HttpRequest

from kfmap.web.compare.changes import find_changes
from kfmap.web.questions.question import answer_request
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.page import Page, map_page
from verifier.records.models import BpfObject
from verifier.records.newest import find_newest
from verifier.spaces.access import Reader
from verifier.spaces.prepared import Prepared

_LATEST = Prepared(lambda reader, _: find_newest(reader, 5))
_MOST_KERNELS = 24


@map_page()
def show_home(request: HttpRequest, kernels: KernelMap) -> Page:
    """Show the question box, the newest kernels, what the last one changed, and latest uploads."""
    changes = None
    if len(kernels.line) > 1:
        older, newest = kernels.line[-2:]
        changes = find_changes(kernels.load(older.name), kernels.load(newest.name))
    context = {
        **answer_request(request, kernels),
        "listed": kernels.rows[::-1][:_MOST_KERNELS],
        "changes": changes,
        "objects": _list_latest(request.user) if request.user.is_authenticated else None,
    }
    return Page("web/home.html", context)


def _list_latest(reader: Reader) -> list[BpfObject]:
    latest = _LATEST.rows(reader)
    prefetch_related_objects(latest, "jobs")
    return latest
