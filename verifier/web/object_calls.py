"""The kfunc calls of an object as its pages show them: one row per kfunc, or every call site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Min

from kfmap.catalogue.models import Kernel
from verifier.engine.result import ProgramVerdict
from verifier.records.models import BpfObject, Call, Program

_A_PAGE = 200
ByProgram = Mapping[tuple[str, str], ProgramVerdict]  # by the facts' hash and the program's name


@dataclass(frozen=True, slots=True)
class KfuncCalls:
    """All calls of one kfunc that a program can reach: how many, the first, where they are live."""

    first: Call
    sites: int
    live: str


@dataclass(frozen=True, slots=True)
class Site:
    """One place that calls a kfunc."""

    call: Call
    live: str


class Liveness:
    """On which kernels a program's kfuncs are not dead code; `verdicts` by kernel name."""

    def __init__(self, verdicts: Mapping[str, ProgramVerdict]) -> None:
        self._live = {name: set(verdict.live_kfuncs) for name, verdict in verdicts.items()}

    def of(self, kfunc: str) -> str:
        """Return for people where a kfunc is live, "" if no kernel was asked."""
        found = [name for name, live in self._live.items() if kfunc in live]
        if found and len(found) == len(self._live):
            return "everywhere"
        return ", ".join(found) or ("nowhere" if self._live else "")


def verdicts_of(
    program: Program,
    kernels: Iterable[Kernel],
    by_program: ByProgram,
) -> dict[str, ProgramVerdict]:
    """Return kernel name → the program's verdict there, where there is one."""
    return {
        kernel.name: verdict
        for kernel in kernels
        if (verdict := by_program.get((kernel.facts_hash, program.name)))
    }


def load_kfunc_calls(
    obj: BpfObject, liveness: Mapping[int, Liveness]
) -> dict[int, list[KfuncCalls]]:
    """Return by program id a row for each kfunc, with the same two queries for any object."""
    counted = (
        Call.objects.filter(program__object=obj)
        .order_by("program", "kfunc")
        .values_list("program", "kfunc")
        .annotate(sites=Count("pk"), first=Min("pk"))
    )
    rows = list(counted)
    calls = Call.objects.filter(program__object=obj).in_bulk([first for *_, first in rows])
    found: dict[int, list[KfuncCalls]] = {}
    for program_id, kfunc, sites, first in rows:
        live = liveness[program_id].of(kfunc)
        found.setdefault(program_id, []).append(KfuncCalls(calls[first], sites, live))
    return found


def load_sites(program: Program, liveness: Liveness, page: str) -> tuple[Page[Call], list[Site]]:
    """Return one page of a program's call sites."""
    found: Paginator[Call] = Paginator(program.calls.all(), _A_PAGE)
    shown = found.get_page(page)
    return shown, [Site(call, liveness.of(call.kfunc)) for call in shown]
