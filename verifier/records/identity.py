"""What the uploads that somebody sees change with, in one query."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, Max, QuerySet, Subquery, Sum, Value

from verifier.records.models import Job, Submission
from verifier.spaces.access import Reader


def identify_uploads(user: Reader) -> tuple[object, ...]:
    """Return what is another value as soon as a job takes a step or other uploads are seen."""
    seen = Submission.objects.visible_to(user).order_by().annotate(all=Value(1)).values("all")
    numbers = (seen.annotate(found=kind("pk")).values("found") for kind in (Count, Max, Sum))
    return Job.objects.identity(
        **{f"seen_{at}": Max(_number(rows)) for at, rows in enumerate(numbers)}
    )


def _number(rows: QuerySet[Submission, Any]) -> Subquery:
    return Subquery(rows, output_field=IntegerField())
