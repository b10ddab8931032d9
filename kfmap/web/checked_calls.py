"""Which uploaded objects call kfuncs that check a run-time mask on each call."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from kfmap.catalogue.store import LoadedKernel
from verifier.models import BpfObject

_MOST = 50


@dataclass(frozen=True, slots=True)
class CheckedCalls:
    """An object, and how many (program, kfunc) pairs in it pay the check."""

    object: BpfObject
    count: int


def count_checked_calls(kernel: LoadedKernel) -> list[CheckedCalls]:
    """Count the calls of uploaded objects to guarded kfuncs, most first; [] without masks."""
    run_time = kernel.facts.run_time
    if run_time is None:
        return []
    guarded = [guard.kfunc for guard in run_time.guards]
    objects = (
        BpfObject.objects.filter(programs__calls__kfunc__in=guarded)
        .annotate(paying=Count("programs__calls"))
        .order_by("-paying", "file_name")[:_MOST]
    )
    return [CheckedCalls(item, item.paying) for item in objects]
