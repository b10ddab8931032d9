"""Objects that a worker of an earlier release checked after this one's recheck had begun.

While a server is updated, both are at work. What the older one has done has no verdicts of this
engine, and is in no recheck, for it came later: it is checked once more, without a word.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Subquery

from kfmap.permission.engine import ENGINE_VERSION
from verifier.jobs.opening import open_job
from verifier.jobs.reconcile import send
from verifier.rechecking.models import RecheckedObject
from verifier.records.models import Check, Job
from verifier.records.models.object import BpfObjectQuerySet
from verifier.records.store import find_stale

_AT_ONCE = 20


def check_what_was_left_behind() -> None:
    """Open jobs for some of them; what a recheck has, or somebody stopped, is left alone."""
    opened = [open_job(obj) for obj in _find_left_behind()[:_AT_ONCE]]
    send(job.pk for job, is_new in opened if job is not None and is_new)


def _find_left_behind() -> BpfObjectQuerySet:
    this = OuterRef("pk")
    older = Check.objects.filter(object=this, engine_version__lt=ENGINE_VERSION)
    rechecked = RecheckedObject.objects.filter(
        object=this, recheck__space=None, recheck__now__engine=ENGINE_VERSION
    )
    latest = Job.objects.filter(object=this).order_by("-pk").values("state")[:1]
    stale = find_stale().filter(Exists(older), ~Exists(rechecked))
    return stale.annotate(ended=Subquery(latest)).filter(ended=Job.State.DONE).order_by("pk")
