"""The kfuncs of a kernel, by set."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.bits import has_bit
from kfmap.web.shared.callers import kfuncs_by_set
from kfmap.web.shared.cells import Cells, load_cells
from kfmap.web.shared.export import Table, export_table
from kfmap.web.shared.flag_words import flags_of
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page


@kernel_page()
def list_kfuncs(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """List the kfuncs of a kernel by set."""
    rows = _list_rows(this.loaded)
    if chosen := request.GET.get("format"):
        columns = ("kfunc", "set", "flags", "contexts", "owner", "prototype")
        table = Table(f"{this.name} kfuncs", columns, [row.plain() for row in rows])
        return export_table(chosen, table)
    return Page("web/kfuncs.html", {"rows": rows})


@dataclass(frozen=True, slots=True)
class KfuncRow:
    """A kfunc in the list of a kernel; `set_url` is "" where no set is known."""

    name: str
    url: str
    set_name: str
    set_url: str
    flags: tuple[str, ...]
    allowed: int
    owner: str
    prototype: str

    def plain(self) -> tuple[str | int, ...]:
        """Return the row for an export."""
        flags = " ".join(self.flags)
        return self.name, self.set_name, flags, self.allowed, self.owner, self.prototype


def _count_callers(cells: Cells, row: int) -> int:
    """Count the contexts that may call a kfunc, if need be as programs that may sleep."""
    return sum(has_bit(column.allowed | column.only_if_sleepable, row) for column in cells.outcomes)


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
    return rows
