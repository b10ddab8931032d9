"""Whether timers or work may be set up with another map than the one that they are in.

bpf_timer_init(), bpf_wq_init() and bpf_task_work_schedule_*() are given both. To tell which map an
element is in takes a closer walk, which most objects do without: they have one map of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from verifier.engine.flow.given_maps import find_given_map
from verifier.engine.object.special_fields import ObjectFields

if TYPE_CHECKING:
    from verifier.engine.flow.calls import Calls
    from verifier.engine.object.model import BpfObject, Reference

TIMER_INIT = 169
_WORK = re.compile(r"bpf_wq_init|bpf_task_work_schedule_(signal|resume)(_impl)?")
_TIMER, _QUEUED, _OF_TASK = "BPF_TIMER", "BPF_WORKQUEUE", "BPF_TASK_WORK"


def map_register(called: int | str) -> int:
    """Return the register of the map that a helper or kfunc sets something up with, 0 for none.

    What is set up is in the register before.
    """
    if called == TIMER_INIT:
        return 2
    if isinstance(called, int) or not _WORK.fullmatch(called):
        return 0
    return 2 if called == "bpf_wq_init" else 3


def may_mix_maps(
    obj: BpfObject,
    calls: Sequence[Calls],
    references: Callable[[str], Mapping[int, Reference]],
) -> bool:
    """Return whether anything may be set up with another map than the one that it is in."""
    given: dict[str, set[int | None]] = {}
    for field, number in _given_maps(obj, calls, references):
        given.setdefault(field, set()).add(number)
    if not given:
        return False
    fields = ObjectFields(obj)
    found = [fields.of_type(item.value_type) for item in obj.maps]
    return any(
        len(numbers) > 1
        or numbers != {at for at, of in enumerate(found) if field in (*of.own, *of.nested)}
        for field, numbers in given.items()
    )


def _given_maps(
    obj: BpfObject,
    calls: Sequence[Calls],
    references: Callable[[str], Mapping[int, Reference]],
) -> Iterator[tuple[str, int | None]]:
    """Return what is set up, and with which map; None where the code itself shows none."""
    work = {at: r for at, item in enumerate(obj.externs) if (r := map_register(item.kernel_name))}
    for function, made in zip(obj.functions, calls, strict=True):
        sites = [(slot, 2, _TIMER) for slot, number in made.helpers if number == TIMER_INIT]
        for slot, extern in made.kfuncs if work else ():
            if register := work.get(extern):
                sites.append((slot, register, _QUEUED if register == 2 else _OF_TASK))
        for slot, register, field in sites:
            code, known = obj.code[function.section], references(function.section)
            yield field, find_given_map(code, function.start, slot, register, known)
