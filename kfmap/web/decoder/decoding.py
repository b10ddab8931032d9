"""Messages of the kernel, explained on one kernel: the cell, the cause, where it is legal."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission import log_text
from kfmap.permission.log_text import LogMessage
from kfmap.permission.run_time import RunTimeMasks
from kfmap.web.shared.callers import Group, group_by_context

_CAUSES = {
    log_text.NOT_ALLOWED: "The permission check refuses the call at load: no set that this program "
    "may use has the kfunc, or a filter refuses it here.",
    log_text.NOT_SLEEPABLE: "The kfunc may sleep and the program, or the place in it, may not.",
    log_text.RUN_TIME_MASK: "The program was loaded; the kfunc checks on each call which operation "
    "is running, and this one is not among those it wants.",
    log_text.NESTED: "The kfunc was called while another operation was running inside the one that "
    "may call it.",
    log_text.FOREIGN_TASK: "The kfunc works only on a task that is an argument of the running "
    "operation.",
    log_text.UNSUPPORTED_MEMBER: "The kernel lets no program implement this member, or no "
    "sleepable one.",
    log_text.DEVICE_BOUND: "XDP metadata kfuncs are only for programs that are loaded bound to a "
    "device.",
    log_text.DESTRUCTIVE: "The kfunc can stop the system, so the loader needs CAP_SYS_BOOT.",
    log_text.NO_TWIN: "This kernel build's BTF lacks the twin of a kfunc with implicit arguments: "
    "no program can call it. A defect of the build, not of the program.",
    log_text.PROTOTYPE: "The program declares the kfunc with a prototype that differs from the "
    "kernel's.",
    log_text.MISSING: "The kernel has no such kfunc.",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A message with its cause; `groups` are the contexts where the kfunc is legal."""

    message: LogMessage
    cause: str
    known: bool
    groups: list[Group]
    wanted: str
    running: str
    kfuncs: list[str]
    callers: list[tuple[str, str]]
    legal: list[tuple[str, str]]


def explain(kernel: LoadedKernel, message: LogMessage) -> Explained:
    """Explain one message on a kernel."""
    known = message.kfunc in kernel.decider.kfuncs
    groups = group_by_context(kernel, message.kfunc) if known else []
    masks = kernel.decider.run_time
    by_mask = message.mask is not None and message.allowing is not None and masks is not None
    return Explained(
        message,
        _CAUSES[message.kind],
        known,
        [group for group in groups if group.allowed],
        masks.name_mask(message.mask or 0) if masks and by_mask else "",
        masks.name_mask(message.allowing or 0) if masks and by_mask else "",
        _guarded(masks, message.mask) if masks else [],
        _running(masks, message.allowing) if masks else [],
        _legal(masks, message.mask) if masks else [],
    )


def _guarded(masks: RunTimeMasks, mask: int | None) -> list[str]:
    """Return the kfuncs that check for exactly this mask."""
    return sorted(name for name, guard in masks.guards.items() if guard.mask == mask)


def _running(masks: RunTimeMasks, allowing: int | None) -> list[tuple[str, str]]:
    """Return the members that the kernel calls with this mask in force."""
    return sorted(key for key, op in masks.ops.items() if op.mask == allowing)


def _legal(masks: RunTimeMasks, mask: int | None) -> list[tuple[str, str]]:
    """Return the members in which a bit of the mask is in force."""
    return sorted(key for key, op in masks.ops.items() if op.mask & (mask or 0))
