"""One kfunc or helper: its sets, its reach, and its way through the kernels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject as Later

from kfmap.catalogue.rows.name_index import NameIndex
from kfmap.catalogue.rows.names import NameKind
from kfmap.catalogue.rows.read import FunctionOn, RowsOnAll
from kfmap.catalogue.rows.renamings import find_renamings
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Entry, KfuncSet, Registration
from kfmap.permission.helper_names import is_helper
from kfmap.web.browse.kfunc_grid import build_grid
from kfmap.web.shared.callers import group_by_context
from kfmap.web.shared.declaration import declare
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.flag_words import describe_flag, flags_of
from kfmap.web.shared.kernel_map import KernelMap, ThisKernel
from kfmap.web.shared.not_found import NameNotFound
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page, map_page
from verifier.records.cursor import START
from verifier.records.id_lists import calling_ids
from verifier.records.models import BpfObject, Call
from verifier.spaces.access import Reader

_CALLERS = 20


@map_page()
def go_to_kfunc(request: HttpRequest, kernels: KernelMap, kfunc: str) -> HttpResponse:
    """Go to a kfunc on the newest kernel that has it. Raises NameNotFound where none has it."""
    for on in _newest_first(kernels).find_function(kfunc):
        if on.present:
            return redirect("kfunc", on.kernel.name, kfunc)
    kind = "helper" if is_helper(kfunc) else "kfunc"
    names = NameIndex(kernels.rows)
    known = {name.name for name, _ in names.list_newest((NameKind.KFUNC, NameKind.HELPER))}
    raise NameNotFound("The map", kind, kfunc, known, ("any-kfunc", ()))


@kernel_page()
def show_kfunc(request: HttpRequest, this: ThisKernel, kfunc: str) -> Page | HttpResponse:
    """Show a kfunc on a kernel, and where else it is."""
    loaded = this.loaded
    everywhere = Later(lambda: _newest_first(this.kernels).find_function(kfunc))
    if not _has(loaded, kfunc):
        _refuse(loaded, kfunc, _group_stages(everywhere))
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
        # The part of the page that these are for is kept: they are asked for when it is made.
        "everywhere": everywhere,
        "stages": Later(lambda: _group_stages(everywhere)),
        "grid": Later(lambda: build_grid(everywhere)),
        "variants": Later(lambda: _find_variants(this.kernels, kfunc)),
        "renamed": Later(lambda: find_renamings([*everywhere], kfunc)),
        "declaration": Later(lambda: declare(loaded, kfunc, everywhere)),
        "callers": _find_callers(kfunc, request.user) if request.user.is_authenticated else None,
    }
    return Page("web/kfunc.html", context)


def _list_names(kernel: LoadedKernel) -> list[str]:
    return [*kernel.decider.kfuncs, *kernel.decider.helpers.names]


def _has(kernel: LoadedKernel, name: str) -> bool:
    """Return whether a kernel has a kfunc or a helper of a name."""
    return name in kernel.decider.kfuncs or name in kernel.decider.helpers.names


def _refuse(kernel: LoadedKernel, name: str, stages: list[Stage]) -> None:
    where = f"Linux {kernel.name}"
    has = [kernel for stage in stages if stage.present for kernel in stage.kernels]
    having = f"{', '.join(has)} {'has' if len(has) == 1 else 'have'} it" if has else ""
    kind = "helper" if is_helper(name) else "kfunc"
    if kind == "helper" and not kernel.decider.helpers.knows:
        text = f"{name} is a helper, not a kfunc; of {where}, kfmap knows kfuncs only."
        raise Http404(f"{text} {having}." if having else text)
    if having:
        where = f"{where} (but {having})"
    raise NameNotFound(where, kind, name, _list_names(kernel), ("kfunc", (kernel.name,)))


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
    """The kernels, newest first, that have a kfunc with the same flags and prototype, or none."""

    kernels: tuple[str, ...]
    present: bool
    flags: tuple[str, ...] = ()
    prototype: str = ""


def _group_stages(everywhere: Iterable[FunctionOn]) -> list[Stage]:
    found: dict[tuple[tuple[str, ...], str] | None, list[str]] = {}
    for on in everywhere:
        said = (tuple(on.row.flags), on.row.prototype) if on.row and on.present else None
        found.setdefault(said, []).append(on.kernel.name)
    return [
        Stage(tuple(kernels), said is not None, *(said or ())) for said, kernels in found.items()
    ]


def _newest_first(kernels: KernelMap) -> RowsOnAll:
    return RowsOnAll(kernels.rows[::-1])


def _find_variants(kernels: KernelMap, name: str) -> list[tuple[str, list[str]]]:
    """Return kfuncs of any kernel that differ in what stands after `___`, with their kernels."""
    base = name.partition("___")[0]
    names = NameIndex(kernels.rows)
    found = names.find(
        NameKind.KFUNC, lambda item: item.name != name and item.name.partition("___")[0] == base
    )
    return sorted((other, names.list_kernels(having)[::-1]) for other, having in found.items())


def _find_callers(name: str, reader: Reader) -> list[BpfObject]:
    """Return the latest objects that call a kfunc, with `places`: how often each does.

    Places are counted for those that are shown alone: whatever calls a kfunc, its page costs the
    same.
    """
    latest = calling_ids(reader, name).read(START, _CALLERS)
    if not latest:
        return []
    found = list(BpfObject.objects.visible_to(reader).filter(pk__in=latest))
    calls = Call.objects.filter(kfunc=name, object__in=[caller.pk for caller in found]).order_by()
    places = dict(calls.values_list("object").annotate(Count("pk")))
    for caller in found:
        caller.places = places[caller.pk]  # type: ignore[attr-defined]  # as annotate() would
    return found
