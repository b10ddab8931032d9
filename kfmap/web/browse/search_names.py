"""Every name of the map with its kind and its page: what the search box suggests."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.section_names import render_section_name
from kfmap.web.browse.search_more import list_options
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.links import context_url
from kfmap.web.shared.once_per_facts import once_per_facts
from kfmap.web.shared.page import map_page


@map_page()
def give_names(request: HttpRequest, kernels: KernelMap) -> HttpResponse:
    """Return every name with its kind and its page, for suggestions."""
    return JsonResponse({"version": 1, "names": list_names(kernels)})


def list_names(kernels: KernelMap) -> list[tuple[str, str, str]]:
    """Return (name, kind, page) of all that has a name, on the newest kernel that has it."""
    found: dict[str, tuple[str, str, str]] = {}
    for kernel in kernels.load_newest_first():
        for name, kind, url in _names_of(kernel):
            found.setdefault(name, (name, kind, url))
    return list(found.values())


@once_per_facts
def _names_of(kernel: LoadedKernel) -> list[tuple[str, str, str]]:
    facts = kernel.facts

    def page(view: str, *names: str) -> str:
        return reverse(view, args=[kernel.name, *names])

    return [
        *((name, "kfunc", page("kfunc", name)) for name in kernel.decider.kfuncs),
        *((name, "helper", page("kfunc", name)) for name in kernel.decider.helpers.names),
        *(
            (f"{ops.name}.{member.name}", "callback", page("member", ops.name, member.name))
            for ops in facts.struct_ops
            for member in ops.members
            if member.callback
        ),
        *((ops.name, "ops structure", page("struct-ops", ops.name)) for ops in facts.struct_ops),
        *((item.id, "set", page("set", item.id)) for item in facts.sets),
        *((item.id, "filter", page("filter", item.id)) for item in facts.filters),
        *((name, "hook", page("hook", name)) for name in facts.hooks),
        *(
            (name, "context", page("context", name))
            for name, context in zip(
                load_cells(kernel).names, load_cells(kernel).contexts, strict=True
            )
            if not context.struct_ops
        ),
        *(
            (section, "section name", context_url(kernel.name, context))
            for context in load_cells(kernel).contexts
            if not context.struct_ops and (section := render_section_name(context))
        ),
        *((name, "option", f"{reverse('search')}?q={name}") for name in list_options(kernel)),
        *((flag.name, "flag", f"{reverse('search')}?q={flag.name}") for flag in facts.kfunc_flags),
        (kernel.name, "kernel", reverse("kernel", args=[kernel.name])),
    ]
