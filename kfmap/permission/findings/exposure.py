"""Kfuncs open to callers they were hardly written for: foreign struct_ops, tracing programs."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import VMLINUX
from kfmap.permission.bits import has_bit
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.findings.finding import NOTE, WARNING, Finding
from kfmap.permission.mechanisms.subsystem import find_foreign_kfuncs
from kfmap.permission.member_classes import list_attachable

_TRACING = "BPF_PROG_TYPE_TRACING"
_RISKS = {"KF_DESTRUCTIVE": "is destructive", "KF_SLEEPABLE": "may sleep"}


def find_foreign(decider: Decider) -> Iterator[Finding]:
    """Return for each struct_ops type the kfuncs of other types that its callbacks may call."""
    for ops in decider.facts.struct_ops:
        contexts = list_attachable(decider, ops.name)
        foreign = find_foreign_kfuncs(decider, ops.name)
        allowed = {
            name: sum(has_bit(decider.bits(context).allowed, place) for context in contexts)
            for place, name in enumerate(decider.kfuncs)
            if name in foreign
        }
        open_names = sorted(name for name, count in allowed.items() if count)
        if open_names:
            modular = sum(1 for name in open_names if _is_in_module(decider, name))
            of_modules = f", {modular} of them in modules" if modular else ""
            folders = ", ".join(sorted({foreign[name] for name in open_names}))
            yield Finding(
                "foreign_exposure",
                WARNING,
                ops.name,
                f"its callbacks may call {len(open_names)} kfuncs of other struct_ops types"
                f"{of_modules} ({folders}): {', '.join(open_names)}",
                (ops.place,),
                sum(allowed.values()),
                "Give the sets of those types a filter that looks at the struct_ops type.",
            )


def _is_in_module(decider: Decider, kfunc: str) -> bool:
    found = decider.find_kfunc(kfunc)
    return found is not None and found.owner != VMLINUX


def find_open_to_tracing(decider: Decider) -> Iterator[Finding]:
    """Return kfuncs that any tracing program may call although they sleep, lock or destroy."""
    context = Context(_TRACING, "BPF_TRACE_FENTRY")
    for kfunc in decider.bits(context).names(decider.kfuncs):
        flags = decider.decide(context, kfunc).flags
        risks = [words for flag, words in _RISKS.items() if flag in flags]
        if "_lock" in kfunc:
            risks.append("locks, by its name")
        if risks:
            listed = decider.find_listed(kfunc)
            severity = WARNING if "KF_DESTRUCTIVE" in flags else NOTE
            text = f"open to every tracing program although it {' and '.join(risks)}"
            places = tuple(dict.fromkeys(item.entry.place for item in listed))
            yield Finding("open_to_tracing", severity, kfunc, text, places)
