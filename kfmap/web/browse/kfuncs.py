"""The kfuncs and the helpers of a kernel, by set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from kfmap.catalogue.matrix_rows import RowKind
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import VMLINUX
from kfmap.permission.bits import has_bit
from kfmap.permission.outcome_words import HELPER, KFUNC
from kfmap.web.shared.callers import kfuncs_by_set
from kfmap.web.shared.cells import Cells, load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.flag_words import flags_of
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.kinds import KIND_NAMES, check_known, read_kind
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page

_KINDS = (RowKind.ALL, RowKind.KFUNC, RowKind.HELPER)  # as the page offers them


@kernel_page()
def list_kfuncs(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """List the kfuncs and the helpers of a kernel, or those of one kind."""
    kind = read_kind(request, RowKind.ALL)
    if chosen := request.GET.get("format"):
        check_known(kind, this.loaded)
        rows = _choose_rows(this.loaded, kind)
        columns = ("kfunc", "set", "flags", "contexts", "owner", "prototype", "kind")
        of = "" if kind is RowKind.ALL else f" {kind}s"
        table = Table(f"{this.name} functions{of}", columns, [row.plain() for row in rows])
        return export_table(chosen, table)
    context = {
        "body": _render_body(this.loaded, kind),
        "kind": kind,
        "kinds": [(each, KIND_NAMES[each]) for each in _KINDS],
        "helpers_known": this.loaded.decider.helpers.knows,
    }
    return Page("web/kfuncs.html", context)


@dataclass(frozen=True, slots=True)
class KfuncRow:
    """A kfunc or a helper in the list of a kernel; `set_url` is "" where no set is known."""

    name: str
    url: str
    set_name: str
    set_url: str
    flags: tuple[str, ...]
    allowed: int
    owner: str
    prototype: str
    kind: str = KFUNC

    def plain(self) -> tuple[str | int, ...]:
        """Return the row for an export."""
        flags = " ".join(self.flags)
        about = self.name, self.set_name, flags, self.allowed
        return (*about, self.owner, self.prototype, self.kind)


def _count_callers(cells: Cells, row: int) -> int:
    """Count the contexts that may call a kfunc, if need be as programs that may sleep."""
    return sum(has_bit(column.allowed | column.only_if_sleepable, row) for column in cells.outcomes)


def _choose_rows(kernel: LoadedKernel, kind: RowKind) -> list[KfuncRow]:
    return [row for row in _list_rows(kernel) if kind in (RowKind.ALL, row.kind)]


@once_per_facts
def _render_body(kernel: LoadedKernel, kind: RowKind) -> str:
    """Return the rows as HTML: they are many, and follow from the facts."""
    return render_to_string("web/kfunc_rows.html", {"rows": _choose_rows(kernel, kind)})


@once_per_facts
def _list_rows(kernel: LoadedKernel) -> list[KfuncRow]:
    cells = load_cells(kernel)
    facts = {item.name: item for item in kernel.facts.kfuncs}
    rows = []
    for set_id, set_name, names in kfuncs_by_set(kernel):
        set_url = reverse("set", args=[kernel.name, set_id]) if set_id else ""
        for name in names:
            kfunc = facts.get(name)
            rows.append(
                KfuncRow(
                    name,
                    reverse("kfunc", args=[kernel.name, name]),
                    set_name,
                    set_url,
                    flags_of(kernel, name),
                    _count_callers(cells, cells.rows[name]),
                    kfunc.owner if kfunc else "",
                    kfunc.prototype if kfunc else "",
                )
            )
    return rows + list(_list_helpers(kernel))


def _list_helpers(kernel: LoadedKernel) -> Iterator[KfuncRow]:
    cells = load_cells(kernel, RowKind.HELPER)
    for row, name in enumerate(cells.matrix.kfuncs):
        url = reverse("kfunc", args=[kernel.name, name])
        callers = _count_callers(cells, row)
        yield KfuncRow(name, url, "", "", (), callers, VMLINUX, "", HELPER)
