"""What is wrong, risky or near a limit in one kernel's registrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from kfmap.catalogue.store import LoadedKernel
from kfmap.graphs.compare import build_class_graph
from kfmap.graphs.svg import draw_svg
from kfmap.kernel.facts import Place
from kfmap.permission.findings.finding import COLUMNS, KIND_WORDS, Finding, row_of
from kfmap.permission.findings.lint import render_lint_json, render_lint_text
from kfmap.permission.findings.member_classes import MEMBER_CLASSES
from kfmap.safe_text.csv_rows import render_csv
from kfmap.web.findings.load_findings import load_findings
from kfmap.web.shared.addresses import address
from kfmap.web.shared.export import export_text
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.links import place_url
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import Page, kernel_page


@kernel_page("findings", needs_rules=True)
def show_findings(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """Show the findings by rule, with the classes of members as pictures."""
    findings = load_findings(this)
    if chosen := request.GET.get("format"):
        renderers = {
            "json": lambda: render_lint_json(this.name, findings),
            "csv": lambda: _render_csv(findings),
            "txt": lambda: render_lint_text(findings),
        }
        return export_text(chosen, renderers, f"{this.name} findings")
    classes = [item.subject for item in findings if item.kind == MEMBER_CLASSES]
    context = {
        "groups": _group(this.loaded, findings),
        "pictures": [(ops, _draw_classes(this.loaded, ops)) for ops in classes],
    }
    return Page("mechanisms/findings.html", context)


@once_per_facts
def _draw_classes(kernel: LoadedKernel, struct_ops: str) -> str:
    graph = build_class_graph(kernel.decider, struct_ops)
    return draw_svg(graph, name=f"classes-{struct_ops}")


@dataclass(frozen=True, slots=True)
class Row:
    """A finding, with the page of what it is about and those of its lines, "" for none."""

    finding: Finding
    url: str
    places: tuple[tuple[Place, str], ...]


def _group(kernel: LoadedKernel, findings: Sequence[Finding]) -> list[tuple[str, str, list[Row]]]:
    """Group findings by rule, in their order: (rule, words, findings)."""
    pages = _list_pages(kernel)
    groups: dict[str, list[Row]] = {}
    for item in findings:
        places = tuple((at, place_url(kernel, at.file, at.line)) for at in item.places)
        groups.setdefault(item.kind, []).append(Row(item, pages.get(item.subject, ""), places))
    return [(kind, KIND_WORDS.get(kind, kind), rows) for kind, rows in groups.items()]


@once_per_facts
def _list_pages(kernel: LoadedKernel) -> dict[str, str]:
    """Return the page of everything that a finding may be about, by name."""
    facts, name = kernel.facts, kernel.name
    return {
        **{item.name: address("kfunc", name, item.name) for item in facts.kfuncs},
        **{item.id: address("set", name, item.id) for item in facts.sets},
        **{item.name: address("filter", name, item.id) for item in facts.filters},
        **{item.name: address("struct-ops", name, item.name) for item in facts.struct_ops},
    }


def _render_csv(findings: Sequence[Finding]) -> str:
    return render_csv(COLUMNS, map(row_of, findings))
