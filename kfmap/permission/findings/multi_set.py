"""The multi-set trap: kfuncs in several sets or hooks, filters that reach too far."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import Registration
from kfmap.kernel.rule_form import InSet, KfuncIs, find_atoms
from kfmap.permission.bits import name_bits
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.findings.finding import DEFECT, NOTE, WARNING, Finding
from kfmap.permission.findings.naive_views import count_wrong
from kfmap.permission.hook_table import Listed


def find_multi_set(decider: Decider) -> Iterator[Finding]:
    """Return the kfuncs that are in more than one registered set, FMODRET included."""
    for kfunc, listed in sorted(_list_all(decider).items()):
        sets = {item.kfunc_set.id: item for item in listed}
        if len(sets) < 2:
            continue
        names = [item.kfunc_set.name for item in sets.values()]
        hooks = sorted({_short(item.registration.hook) for item in listed})
        yield Finding(
            "multi_set",
            WARNING,
            kfunc,
            f"in {len(sets)} registered sets ({', '.join(names)}) on {', '.join(hooks)}: a view"
            " that takes one set for all of its rights is wrong",
            tuple(item.entry.place for item in sets.values()),
            suggestion=_propose_wrapper(kfunc, names),
        )


def find_multi_hook(decider: Decider) -> Iterator[Finding]:
    """Return the kfuncs on more than one hook, by their hooks, and if these run other filters."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for kfunc, listed in sorted(_list_all(decider).items()):
        hooks = tuple(sorted({_short(item.registration.hook) for item in listed}))
        if len(hooks) > 1:
            groups.setdefault(hooks, []).append(kfunc)
    filters: dict[str, frozenset[str]] = {}
    for item in _first_uses(decider):
        hook = _short(item.hook)
        filters[hook] = filters.get(hook, frozenset()) | {item.filter}
    for hooks, kfuncs in groups.items():
        differ = len({filters.get(hook, frozenset()) for hook in hooks}) > 1
        which = ", which run other filters" if differ else ""
        are = "kfuncs are" if len(kfuncs) > 1 else "kfunc is"
        text = f"{len(kfuncs)} {are} on each of these hooks{which}: {', '.join(kfuncs)}"
        yield Finding("multi_hook", NOTE, ", ".join(hooks), text)


def find_flag_copies(decider: Decider) -> Iterator[Finding]:
    """Return kfuncs whose entries differ in flags: which ones count depends on the hook."""
    for kfunc, listed in sorted(_list_all(decider).items()):
        flags = {frozenset(item.entry.flags) for item in listed}
        if len(flags) > 1:
            told = "; ".join(
                f"{item.kfunc_set.name}: {' | '.join(item.entry.flags) or 'none'}"
                for item in {item.kfunc_set.id: item for item in listed}.values()
            )
            places = tuple(dict.fromkeys(item.entry.place for item in listed))
            text = f"entries differ in flags ({told})"
            yield Finding(
                "flag_copies", DEFECT, kfunc, text, places, suggestion="Use one flag list."
            )


def find_overreach(decider: Decider, contexts: tuple[Context, ...]) -> Iterator[Finding]:
    """Return filters that refuse kfuncs which no set of theirs holds."""
    for registration in _first_uses(decider):
        own = _own_bits(decider, registration.filter)
        refused = cells = 0
        for context in contexts:
            if registration.hook in decider.hooks_asked(context):
                view = decider.views.build_view(context)
                foreign = decider.trees[registration.filter](view)[0] & ~own
                foreign &= decider.hook_listed(registration.owner, registration.hook)
                refused |= foreign
                cells += foreign.bit_count()
        if refused:
            names = name_bits(refused, decider.kfuncs)
            text = f"refuses kfuncs of {_short(registration.hook)} that are in no set of its own: "
            yield Finding(
                "filter_overreach",
                WARNING,
                decider.filters[registration.filter].name,
                text + ", ".join(names[:8]) + (" …" if len(names) > 8 else ""),
                (decider.filters[registration.filter].place,),
                cells,
            )


def find_governed(decider: Decider) -> Iterator[Finding]:
    """Return registrations without a filter whose kfuncs a filter of the same hook tests by set."""
    for registration in decider.facts.registrations:
        if registration.filter:
            continue
        for other in _first_uses(decider):
            same = (other.owner, other.hook) == (registration.owner, registration.hook)
            if same and registration.set_id in _tested_sets(decider, other.filter):
                filter_ = decider.filters[other.filter]
                yield Finding(
                    "governed_elsewhere",
                    NOTE,
                    registration.set_id,
                    f"registered on {_short(registration.hook)} without a filter, but"
                    f" {filter_.name} of the same hook decides about its kfuncs",
                    (registration.place, filter_.place),
                    suggestion=f"Name .filter = {filter_.name} in {registration.kfunc_id_set} too.",
                )


def find_naive_errors(decider: Decider, contexts: tuple[Context, ...]) -> Iterator[Finding]:
    """Return how many cells simpler views of the kernel get wrong."""
    for wrong in count_wrong(decider, contexts):
        if wrong.cells:
            text = (
                f"{wrong.cells:,} cells of {len(wrong.kfuncs)} kfuncs are wrong in this view: "
                + ", ".join(wrong.kfuncs[:6])
                + (" …" if len(wrong.kfuncs) > 6 else "")
            )
            yield Finding("naive_view", NOTE, wrong.title, text, cells=wrong.cells)


def _list_all(decider: Decider) -> dict[str, list[Listed]]:
    found: dict[str, list[Listed]] = {}
    for hook in decider.tables.hooks.values():
        for kfunc, listed in hook.listed.items():
            found.setdefault(kfunc, []).extend(listed)
    return found


def _first_uses(decider: Decider) -> list[Registration]:
    """Return one registration for each filter on each hook of each BTF object."""
    uses: dict[tuple[str, str, str], Registration] = {}
    for item in decider.facts.registrations:
        if item.filter in decider.trees:
            uses.setdefault((item.owner, item.hook, item.filter), item)
    return list(uses.values())


def _tested_sets(decider: Decider, filter_id: str) -> set[str]:
    atoms = find_atoms(decider.filters[filter_id].rule)
    return {atom.set_id for atom in atoms if isinstance(atom, InSet)}


def _own_bits(decider: Decider, filter_id: str) -> int:
    """Return the kfuncs of the sets that carry a filter or that it tests."""
    sets = _tested_sets(decider, filter_id)
    sets |= {item.set_id for item in decider.facts.registrations if item.filter == filter_id}
    bits = 0
    for set_id in sets:
        bits |= decider.names.set_bits.get(set_id, 0)
    for atom in find_atoms(decider.filters[filter_id].rule):
        if isinstance(atom, KfuncIs):
            bits |= decider.names.kfunc_bits.get(atom.kfunc, 0)
    return bits


def _propose_wrapper(kfunc: str, sets: list[str]) -> str:
    words = ", ".join(f"{kfunc}_{_last_word(name)}() in {name}" for name in sets[1:])
    return f"Keep {kfunc}() in {sets[0]} and add a thin wrapper kfunc for each other set: {words}."


def _last_word(set_name: str) -> str:
    return set_name.replace("_kfunc_ids", "").replace("_ids", "").rpartition("_")[2] or "other"


def _short(hook: str) -> str:
    return hook.removeprefix("BTF_KFUNC_HOOK_")
