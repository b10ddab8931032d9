"""The kfunc set tables as the kernel builds them while it boots (kernel/bpf/btf.c).

One table per BTF object (vmlinux or a module); in it one list of sets and one of filters per hook,
filters deduplicated. A registration that breaks a limit frees the object's whole table.
"""

from __future__ import annotations

from collections.abc import Mapping

from kfmap.kernel.facts import VMLINUX, Decision, Entry, KernelFacts, KfuncSet, Registration
from kfmap.quick_dataclass import dataclass, field

COMMON_HOOK = "BTF_KFUNC_HOOK_COMMON"
FMODRET_HOOK = "BTF_KFUNC_HOOK_FMODRET"


@dataclass(frozen=True, slots=True)
class Listed:
    """A kfunc found in a hook: by which registration, in which set, as which entry."""

    registration: Registration
    kfunc_set: KfuncSet
    entry: Entry


@dataclass
class Hook:
    """What one BTF object has in one hook. `count` counts entries, duplicates included."""

    owner: str
    name: str
    registrations: list[Registration] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    listed: dict[str, list[Listed]] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True)
class HookTables:
    """All hooks by (owner, hook name), and why an object's table was freed, by owner."""

    hooks: Mapping[tuple[str, str], Hook]
    freed: Mapping[str, str]


def build_hook_tables(facts: KernelFacts) -> HookTables:
    """Carry out the registrations of a kernel, limits included."""
    sets = {item.id: item for item in facts.sets}
    hooks: dict[tuple[str, str], Hook] = {}
    freed: dict[str, str] = {}
    for registration in facts.registrations:
        kfunc_set = sets.get(registration.set_id)
        if kfunc_set is None or not kfunc_set.entries:
            continue
        key = registration.owner, registration.hook
        hook = hooks.setdefault(key, Hook(*key))
        problem = _check_limits(hook, registration, kfunc_set, facts.decision)
        if problem:
            freed.setdefault(registration.owner, problem)
        _add_registration(hook, registration, kfunc_set)
    return HookTables(hooks, freed)


def _check_limits(
    hook: Hook, registration: Registration, kfunc_set: KfuncSet, decision: Decision
) -> str:
    """Return why the kernel refuses this registration, "" if it does not."""
    if hook.owner != VMLINUX and hook.registrations and decision.set_limit:
        return f"{hook.owner} registers a second set on {hook.name}"
    count = hook.count + len(kfunc_set.entries)
    if decision.set_limit and count > decision.set_limit:
        return f"{count} kfuncs on {hook.name}, {decision.set_limit} fit"
    new_filter = registration.filter and registration.filter not in hook.filters
    if new_filter and decision.filter_limit and len(hook.filters) == decision.filter_limit:
        return f"{len(hook.filters) + 1} filters on {hook.name}, {decision.filter_limit} fit"
    return ""


def _add_registration(hook: Hook, registration: Registration, kfunc_set: KfuncSet) -> None:
    hook.registrations.append(registration)
    hook.count += len(kfunc_set.entries)
    if registration.filter and registration.filter not in hook.filters:
        hook.filters.append(registration.filter)
    for entry in kfunc_set.entries:
        hook.listed.setdefault(entry.kfunc, []).append(Listed(registration, kfunc_set, entry))
