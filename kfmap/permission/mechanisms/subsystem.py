"""Which kfuncs are a struct_ops type's own: registered on its hook from the same directory."""

from __future__ import annotations

from pathlib import PurePosixPath

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.permission.decide import Decider
from kfmap.permission.hook_table import COMMON_HOOK, FMODRET_HOOK
from kfmap.permission.view import STRUCT_OPS_TYPE


def find_struct_ops_hook(facts: KernelFacts) -> str | None:
    """Return the hook of struct_ops programs."""
    hooks = (item.hook for item in facts.hook_of if item.program_type == STRUCT_OPS_TYPE)
    return next(hooks, None)


def find_own_kfuncs(decider: Decider, struct_ops: str) -> frozenset[str]:
    """Return the kfuncs on the struct_ops hook whose sets stand in the type's own directory."""
    ops = decider.views.struct_ops.get(struct_ops)
    if ops is None:
        return frozenset()
    return frozenset(
        kfunc for kfunc, folders in find_folders(decider).items() if folder_of(ops.place) in folders
    )


def find_foreign_kfuncs(decider: Decider, struct_ops: str) -> dict[str, str]:
    """Return the kfuncs that are another struct_ops type's own, with that type's folder."""
    ops = decider.views.struct_ops.get(struct_ops)
    own = folder_of(ops.place) if ops else ""
    others = {folder_of(item.place) for item in decider.facts.struct_ops} - {own}
    return {
        kfunc: min(folders & others)
        for kfunc, folders in find_folders(decider).items()
        if folders & others and own not in folders
    }


def find_folders(decider: Decider) -> dict[str, set[str]]:
    """Return for each kfunc on the struct_ops hook, and not common, the folders of its sets."""
    hook = find_struct_ops_hook(decider.facts)
    folders: dict[str, set[str]] = {}
    for (_, name), found in decider.tables.hooks.items():
        if name in (hook, COMMON_HOOK) and name != FMODRET_HOOK:
            for kfunc, listed in found.listed.items():
                for item in listed:
                    folder = "" if name == COMMON_HOOK else folder_of(item.kfunc_set.place)
                    folders.setdefault(kfunc, set()).add(folder)
    return {kfunc: found for kfunc, found in folders.items() if "" not in found}


def folder_of(place: Place) -> str:
    """Return the folder of a place."""
    return str(PurePosixPath(place.file).parent)
