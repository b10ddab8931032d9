"""What run-time masks cost uploaded objects: the call sites that check one on each call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from verifier.records.models import BpfObject, Call
from verifier.records.newest import newest_ids
from verifier.spaces.access import Reader

LATEST = 500  # objects
MOST_CALLS = 3_000
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CheckedCalls:
    """An object, its call sites that pay the check, and how many kfuncs these call."""

    object: BpfObject
    sites: int
    kfuncs: int


def count_checked_calls(guarded: Collection[str], reader: Reader) -> list[CheckedCalls]:
    """Count call sites of kfuncs that check a mask, most first, in the latest objects that the
    reader may see.

    A site in a function that several programs share counts once.
    """
    latest = list(newest_ids(reader, LATEST))
    calls = (
        Call.objects.filter(kfunc__in=guarded, object__in=latest)
        .order_by("-object")
        .values_list("object", "kfunc", "instruction", "path")
    )
    sites: dict[int, set[tuple[str, str, int]]] = {}
    for object_id, kfunc, instruction, path in calls[:MOST_CALLS]:
        function = path[-1]["function"] if path else ""
        sites.setdefault(object_id, set()).add((kfunc, function, instruction))
    most = sorted(sites, key=lambda object_id: (-len(sites[object_id]), object_id))[:_SHOWN]
    objects = BpfObject.objects.visible_to(reader).in_bulk(most)
    return [
        CheckedCalls(objects[key], len(sites[key]), len({kfunc for kfunc, _, _ in sites[key]}))
        for key in most
    ]
