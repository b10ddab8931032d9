"""What run-time masks cost uploaded objects: the call sites that check one on each call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from verifier.records.models import BpfObject, Call
from verifier.spaces.access import Reader

_MOST_CALLS = 50_000
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CheckedCalls:
    """An object, its call sites that pay the check, and how many kfuncs these call."""

    object: BpfObject
    sites: int
    kfuncs: int


def count_checked_calls(guarded: Collection[str], reader: Reader) -> list[CheckedCalls]:
    """Count call sites of kfuncs that check a mask in objects the reader may see, most first.

    A site in a function that several programs share counts once.
    """
    seen = BpfObject.objects.visible_to(reader)
    calls = (
        Call.objects.filter(kfunc__in=guarded, program__object__in=seen.values("pk"))
        .order_by()
        .values_list("program__object", "kfunc", "instruction", "path")
    )
    sites: dict[int, set[tuple[str, str, int]]] = {}
    for object_id, kfunc, instruction, path in calls[:_MOST_CALLS]:
        function = path[-1]["function"] if path else ""
        sites.setdefault(object_id, set()).add((kfunc, function, instruction))
    most = sorted(sites, key=lambda object_id: (-len(sites[object_id]), object_id))[:_SHOWN]
    objects = seen.in_bulk(most)
    return [
        CheckedCalls(objects[key], len(sites[key]), len({kfunc for kfunc, _, _ in sites[key]}))
        for key in most
    ]
