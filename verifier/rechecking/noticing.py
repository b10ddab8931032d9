"""Notice that a kernel, a policy or an engine arrived, however it did, and begin rechecks.

What answers stand on is read from the rows at every tick and set beside what was noticed last:
commands, pages, the API and the admin add kernels, and a new release brings an engine unasked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now

from kfmap.catalogue.models import Kernel
from kfmap.permission.engine import ENGINE_VERSION
from verifier.rechecking.models import Noticed, Recheck, RecheckedObject
from verifier.records.models import BpfObject, Check
from verifier.spaces.models import PolicyVersion, Space

Moment = dict[str, Any]
_ROW = 1
_QUIET = timedelta(seconds=15)  # kernels come in numbers: one recheck is for all of them
_BATCH = 500
_OWN = (Kernel.Source.VARIANT, Kernel.Source.ESTIMATE)


def read_moment() -> Moment:
    """Return what answers stand on now.

    Variants and estimates are left out: any account makes them, for its own questions.
    """
    rows = Kernel.objects.listed().exclude(source__in=_OWN)
    kernels = list(rows.values_list("name", "facts_hash"))
    policies: dict[str, dict[str, int]] = {}
    for space, slug, pk in PolicyVersion.objects.in_force().values_list("space", "slug", "pk"):
        policies.setdefault(str(space), {})[slug] = pk
    return {
        "engine": ENGINE_VERSION,
        "kernels": dict(kernels),
        "order": [name for name, _ in kernels],  # PostgreSQL keeps no order of keys
        "policies": policies,
    }


def notice_changes() -> None:
    """Begin a recheck for what changed since the last look.

    While one goes on, what changes for the same objects is noticed when it is over. An engine that
    is older than the one noticed is that of a process about to be replaced: it begins nothing.
    """
    now, last = read_moment(), Noticed.objects.filter(pk=_ROW).first()
    if last is None:
        Noticed.objects.get_or_create(pk=_ROW, defaults={"moment": _first_moment(now)})
        return
    if now == last.moment or now["engine"] < last.moment["engine"] or _kernels_still_come():
        return
    with transaction.atomic():
        taken = Noticed.objects.filter(pk=_ROW, turn=last.turn)
        if taken.update(turn=F("turn") + 1):
            taken = Noticed.objects.filter(pk=_ROW)
            taken.update(moment=_begin(last.moment, now))


def _first_moment(now: Moment) -> Moment:
    """Return what counts as noticed where nothing was: a first start after an update is a change
    if the objects were checked by an older engine."""
    newest = Check.objects.aggregate(newest=Max("engine_version"))["newest"]
    return {**now, "engine": min(newest or ENGINE_VERSION, ENGINE_VERSION)}


def _kernels_still_come() -> bool:
    return Kernel.objects.filter(updated_at__gt=Now() - _QUIET, updated_at__lte=Now()).exists()


def _begin(before: Moment, now: Moment) -> Moment:
    """Begin what can begin; return what is noticed with that."""
    noticed = {**now, "policies": dict(now["policies"])}
    busy = set(Recheck.objects.open().values_list("space", flat=True))
    if None in busy:
        noticed |= {key: before[key] for key in ("engine", "kernels", "order")}
    elif reasons := list(_map_reasons(before, now)):
        stood_on = {**before, "policies": now["policies"]}
        _open(" ".join(reasons), None, stood_on, now, BpfObject.objects.all())
    changed = {
        key
        for key in {*before["policies"], *now["policies"]}
        if before["policies"].get(key) != now["policies"].get(key)
    }
    for space in Space.objects.filter(pk__in=[int(key) for key in changed]):
        key, old = str(space.pk), before["policies"].get(str(space.pk), {})
        if space.pk in busy:
            noticed["policies"][key] = old
            continue
        new = now["policies"].get(key, {})
        stood_on, stands_on = ({**now, "policies": {key: side}} for side in (old, new))
        objects = BpfObject.objects.in_space(space)
        _open(" ".join(_policy_reasons(space, old, new)), space, stood_on, stands_on, objects)
    return noticed


def _open(
    reason: str,
    space: Space | None,
    before: Moment,
    now: Moment,
    objects: QuerySet[BpfObject],
) -> None:
    """Begin a recheck, unless there is nothing to check."""
    ids = list(objects.order_by("pk").values_list("pk", flat=True))
    if not ids:
        return
    run = Recheck.objects.create(reason=reason, space=space, before=before, now=now)
    items = (RecheckedObject(recheck=run, object_id=pk) for pk in ids)
    RecheckedObject.objects.bulk_create(items, batch_size=_BATCH)


def _map_reasons(before: Moment, now: Moment) -> Iterator[str]:
    old, new = before["kernels"], now["kernels"]
    if added := [name for name in now["order"] if name not in old]:
        yield f"{_kernels(added)} came into the map."
    if other := [name for name in now["order"] if old.get(name, new[name]) != new[name]]:
        yield f"{_kernels(other)} changed in the map."
    if now["engine"] > before["engine"]:
        yield f"kfmap's engine rose from version {before['engine']} to {now['engine']}."


def _policy_reasons(space: Space, old: dict[str, int], new: dict[str, int]) -> Iterator[str]:
    numbers = dict(PolicyVersion.objects.filter(space=space).values_list("pk", "number"))
    for slug, pk in new.items():
        if old.get(slug) != pk:
            yield f"Version {numbers[pk]} of the policy {slug} came into force in {space}."
    for slug in old:
        if slug not in new:
            yield f"The policy {slug} ended in {space}."


def _kernels(names: list[str]) -> str:
    return f"Kernel{'s' if len(names) > 1 else ''} {', '.join(names)}"
