"""What if: edits to a kernel in the browser, the cells that flip, and variants that are kept.

The draft is in the address (`edits`, the JSON of kfmap.permission.what_if.edit_json), so a draft is
a link; only keeping a variant writes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from kfmap.catalogue.models import Kernel, Variant
from kfmap.catalogue.store import KernelExistsError, LoadedKernel
from kfmap.catalogue.variants import keep_variant, may_drop
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_words import render_context
from kfmap.permission.what_if.edit_json import describe_edit, read_edits
from kfmap.permission.what_if.edits import Edit, EditError
from kfmap.permission.what_if.flips import Flip
from kfmap.web.shared.asked import read_choice
from kfmap.web.shared.export import export_text
from kfmap.web.shared.kernel_map import ThisKernel
from kfmap.web.shared.links import question_url
from kfmap.web.shared.page import Page, kernel_page
from kfmap.web.what_if.capability_page import build_capability_page
from kfmap.web.what_if.drafts import Draft, draw_up
from kfmap.web.what_if.edits_in_address import (
    change_draft,
    draft_url,
    list_choices,
    list_rows,
    parse_draft,
    write_draft,
)
from kfmap.web.what_if.exports import choose_renderers
from kfmap.web.what_if.objects import find_effect

_SHOWN = 300


@require_safe
@kernel_page("what-if", conditional=False, needs_rules=True)
def show_what_if(request: HttpRequest, this: ThisKernel) -> Page | HttpResponse:
    """Show the draft, the cells it flips, and the forms that add to it; ?format= exports."""
    kernel, name = this.loaded, this.name
    edits, draft = _read_draft(request, kernel)
    facts, flips = draft.facts, draft.flips
    if chosen := request.GET.get("format"):
        return export_text(chosen, choose_renderers(name, edits, flips, facts), f"{name} what if")
    table, member, kfunc = _read_in_hand(request, kernel, facts)
    callback = "" if table else member
    shows_objects = request.user.is_authenticated and bool(flips)
    context = {
        "edits": list(enumerate(map(describe_edit, edits))),
        "draft": write_draft(edits),
        "draft_query": urlencode({"edits": write_draft(edits)}) if edits else "",
        **_sum_up(name, flips),
        "capabilities": build_capability_page(kernel.decider, facts, kfunc, callback),
        "effect": find_effect(kernel, draft.after, flips, request.user) if shows_objects else None,
        "choices": list_choices(facts),
        "tables": list_rows(facts, table, member),
        "variants": Kernel.objects.newest_first().filter(variant__base_name=name),
    }
    return Page("mechanisms/what_if.html", context)


@require_safe
@kernel_page(conditional=False, needs_rules=True)
def add_edit(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Add what a form says to the draft, or take one edit out, and show the draft."""
    edits, _ = _read_draft(request, this.loaded)
    try:
        changed = change_draft(edits, request.GET)
        draw_up(this.loaded, tuple(changed))
    except EditError as error:
        messages.error(request, f"Not changed: {error}.")
        changed = list(edits)
    return HttpResponseRedirect(draft_url(this.name, changed))


@login_required
@require_POST
@kernel_page(conditional=False, needs_rules=True)
def keep(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Keep the draft as a kernel of the map, under a name of its own."""
    edits: Sequence[Edit] = ()
    try:
        edits = parse_draft(request.POST.get("edits", ""))
        assert isinstance(request.user, User)
        name = request.POST.get("name", "").strip()
        kept = keep_variant(this.loaded, edits, name, request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (EditError, KernelExistsError) as error:
        messages.error(request, f"Not kept: {error}")
    else:
        messages.success(request, f"{kept.name} is now a kernel of the map.")
        return redirect("kernel", kept.name)
    return HttpResponseRedirect(draft_url(this.name, edits))


@login_required
@require_POST
@kernel_page(conditional=False)
def drop(request: HttpRequest, this: ThisKernel) -> HttpResponse:
    """Take a variant out of the map; the draft that it was kept from is shown then."""
    variant = get_object_or_404(Variant, kernel=this.row)
    assert isinstance(request.user, User)
    if not may_drop(variant, request.user):
        raise PermissionDenied
    this.row.delete()
    messages.success(request, f"{this.name} is no longer in the map.")
    if not Kernel.objects.filter(name=variant.base_name).exists():
        return redirect("kernels")
    return HttpResponseRedirect(draft_url(variant.base_name, read_edits(variant.edits)))


def _read_draft(request: HttpRequest, kernel: LoadedKernel) -> tuple[tuple[Edit, ...], Draft]:
    """Return the edits of the address and what they make; what does not fit is said."""
    try:
        edits = parse_draft(request.GET.get("edits", ""))
        return edits, draw_up(kernel, edits)
    except EditError as error:
        messages.error(request, f"This draft does not fit {kernel.name}: {error}.")
        return (), draw_up(kernel, ())


def _read_in_hand(
    request: HttpRequest, kernel: LoadedKernel, facts: KernelFacts
) -> tuple[str, str, str]:
    """Return the table, member and kfunc that the forms begin with, "" for the first there are."""
    tables = [item.name for item in facts.tables]
    table = read_choice(request, "table", tables, kind="table")
    members = [
        item.name if table else f"{ops.name}.{item.name}"
        for ops in facts.struct_ops
        for item in ops.members
    ]
    member = read_choice(request, "member", members)
    return table, member, read_choice(request, "kfunc", kernel.decider.kfuncs)


def _sum_up(kernel: str, flips: Sequence[Flip]) -> dict[str, object]:
    """Return the cells to show, first those that pass in one kernel only, and their counts."""
    order = sorted(flips, key=lambda flip: not flip.means_other)
    kinds = Counter((flip.before, flip.after) for flip in order)
    return {
        "flips": [_name_cell(kernel, flip) for flip in order[:_SHOWN]],
        "kinds": [(before, after, count) for (before, after), count in kinds.items()],
        "count": sum(1 for flip in flips if flip.means_other),
        "more": max(len(flips) - _SHOWN, 0),
    }


def _name_cell(kernel: str, flip: Flip) -> tuple[str, str, Flip]:
    """Return the context's name, the answer of the kernel as it is, and the cell."""
    context = render_context(flip.context)
    return context, question_url(kernel, context, flip.kfunc), flip
