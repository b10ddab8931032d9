"""One kfunc or helper: its sets, its reach, and its way through the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Entry, KfuncSet, Registration
from kfmap.web.browse.kfunc_grid import build_grid
from kfmap.web.compare.changes import find_changes
from kfmap.web.shared.callers import group_by_context
from kfmap.web.shared.declaration import declare
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.flag_words import describe_flag, flags_of
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page, map_page
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader

_CALLERS = 20


@map_page()
def go_to_kfunc(request: HttpRequest, kernels: KernelMap, kfunc: str) -> HttpResponse:
    """Go to a kfunc on the newest kernel that has it. Raises NameNotFound where none has it."""
    for kernel in kernels.load_newest_first():
        if _has(kernel, kfunc):
            return redirect("kfunc", kernel.name, kfunc)
    known = {name for kernel in kernels.load_all() for name in _list_names(kernel)}
    raise NameNotFound("The map", "kfunc", kfunc, known, ("any-kfunc", ()))


@kernel_page()
def show_kfunc(request: HttpRequest, this: ThisKernel, kfunc: str) -> Page | HttpResponse:
    """Show a kfunc on a kernel, and where else it is."""
    loaded, kernels = this.loaded, this.kernels
    timeline = [_build_stage(item, kfunc) for item in kernels.load_newest_first()]
    if not _has(loaded, kfunc):
        _refuse(loaded, kfunc, timeline)
    groups = group_by_context(loaded, kfunc)
    if chosen := request.GET.get("format"):
        rows = [
            (group.name, item.name, item.word, item.verdict)
            for group in groups
            for item in group.entries
        ]
        columns = ("group", "context", "outcome", "verdict")
        return export_table(chosen, Table(f"{this.name} {kfunc}", columns, rows))
    context = {
        "name": kfunc,
        "is_helper": kfunc not in loaded.decider.kfuncs,
        "kfunc": loaded.decider.find_kfunc(kfunc),
        "flags": flags_of(loaded, kfunc),
        "memberships": _find_memberships(loaded, kfunc),
        "groups": groups,
        "timeline": timeline,
        "grid": build_grid(kernels.load_newest_first(), kfunc),
        "variants": _find_variants(kernels, kfunc),
        "renamed": _find_renamed(kernels, kfunc),
        "declaration": declare(loaded, kfunc, [kernels.load(row.name) for row in kernels.released]),
        "callers": _find_callers(kfunc, request.user) if request.user.is_authenticated else None,
    }
    return Page("web/kfunc.html", context)


def _list_names(kernel: LoadedKernel) -> list[str]:
    return [*kernel.decider.kfuncs, *kernel.decider.helpers.names]


def _has(kernel: LoadedKernel, name: str) -> bool:
    """Return whether a kernel has a kfunc or a helper of a name."""
    return name in kernel.decider.kfuncs or name in kernel.decider.helpers.names


def _refuse(kernel: LoadedKernel, name: str, timeline: list[Stage]) -> None:
    where = f"Linux {kernel.name}"
    if has := [stage.kernel for stage in timeline if stage.present]:
        where = f"{where} (but {', '.join(has)} {'has' if len(has) == 1 else 'have'} it)"
    raise NameNotFound(where, "kfunc", name, _list_names(kernel), ("kfunc", (kernel.name,)))


@dataclass(frozen=True, slots=True)
class Membership:
    """A kfunc's entry in a set, with the registrations of that set."""

    kfunc_set: KfuncSet
    entry: Entry
    registrations: tuple[Registration, ...]

    @property
    def flags(self) -> list[tuple[str, str]]:
        """Return the entry's flags with what they mean."""
        return [(flag, describe_flag(flag)) for flag in self.entry.flags]


@once_per_facts
def _find_memberships(kernel: LoadedKernel, name: str) -> list[Membership]:
    return [
        Membership(
            kfunc_set,
            entry,
            tuple(r for r in kernel.facts.registrations if r.set_id == kfunc_set.id),
        )
        for kfunc_set in kernel.facts.sets
        for entry in kfunc_set.entries
        if entry.kfunc == name
    ]


@dataclass(frozen=True, slots=True)
class Stage:
    """A kfunc on one kernel of its timeline."""

    kernel: str
    present: bool
    flags: tuple[str, ...] = ()
    prototype: str = ""


@once_per_facts
def _build_stage(kernel: LoadedKernel, name: str) -> Stage:
    if not _has(kernel, name):
        return Stage(kernel.name, False)
    kfunc = kernel.decider.find_kfunc(name)
    return Stage(kernel.name, True, flags_of(kernel, name), kfunc.prototype if kfunc else "")


def _find_variants(kernels: KernelMap, name: str) -> list[tuple[str, list[str]]]:
    """Return kfuncs of any kernel that differ in what stands after `___`, with their kernels."""
    base = name.partition("___")[0]
    found: dict[str, list[str]] = {}
    for kernel in kernels.load_newest_first():
        for other in kernel.decider.kfuncs:
            if other != name and other.partition("___")[0] == base:
                found.setdefault(other, []).append(kernel.name)
    return sorted(found.items())


@dataclass(frozen=True, slots=True)
class Renaming:
    """Two names of one kfunc, of which one went when the other came."""

    old: str
    new: str
    before: str
    after: str


def _find_renamed(kernels: KernelMap, name: str) -> list[Renaming]:
    """Return the renamings of a kfunc, between kernels that people run."""
    released = [kernels.load(row.name) for row in kernels.released]
    return [
        Renaming(old, new, before.name, after.name)
        for before, after in pairwise(released)
        for old, new in find_changes(before, after).kfuncs_renamed
        if name in (old, new)
    ]


def _find_callers(name: str, reader: Reader) -> list[BpfObject]:
    calls = BpfObject.objects.visible_to(reader).filter(programs__calls__kfunc=name)
    return list(calls.annotate(places=Count("programs__calls"))[:_CALLERS])
