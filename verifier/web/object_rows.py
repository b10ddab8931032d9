"""Objects in lists, each as a row of HTML that is made once while it says the same."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence

from django.db.models import prefetch_related_objects
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kfmap.catalogue.recent import Recent
from verifier.records.models import BpfObject
from verifier.records.outcome import Outcome
from verifier.records.reviews import Reviewed

Listed = tuple[BpfObject, Sequence[Outcome], Reviewed | None]
_MADE: Recent[Hashable, SafeString] = Recent(2048)  # a kilobyte each


def load_jobs(objects: Iterable[BpfObject], outcomes: Container[int]) -> None:
    """Load the jobs of the objects that have no outcomes: in a row, these stand in their place."""
    prefetch_related_objects([obj for obj in objects if obj.pk not in outcomes], "jobs")


def render_rows(objects: Iterable[Listed], *, of_all_spaces: bool = False) -> list[SafeString]:
    """Return a row for each object, with its outcomes and the latest decision on it.

    `of_all_spaces`: with the size, and with the space in which the decision counts.
    """
    return [_render(*listed, of_all_spaces=of_all_spaces) for listed in objects]


def _render(
    obj: BpfObject, outcomes: Sequence[Outcome], reviewed: Reviewed | None, *, of_all_spaces: bool
) -> SafeString:
    job = None if outcomes else obj.latest_job
    # All that the template reads, of whatever reader: a row of somebody else says the same.
    shown = (
        (
            obj.get_absolute_url(),
            obj.file_name,
            obj.problem,
            obj.size,
            obj.created_at,
            of_all_spaces,
        ),
        tuple(outcomes),
        job and (job.state, job.percent, job.waits_for),
        reviewed and _said(reviewed),
    )
    names = {
        "object": obj,
        "outcomes": outcomes,
        "reviewed": reviewed,
        "job": job,
        "of_all_spaces": of_all_spaces,
    }
    return _MADE.recall(shown, lambda: render_to_string("verifier/object_row.html", names))


def _said(reviewed: Reviewed) -> Hashable:
    review = reviewed.review
    who = review.author_id, str(review.author)
    return review.decision, *who, str(review.space), bool(reviewed.changes)
