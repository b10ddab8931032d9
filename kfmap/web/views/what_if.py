"""What if: edits to a kernel in the browser, the cells that flip, and variants that are kept.

The draft is in the address (`edits`, the JSON of kfmap.permission.what_if.edit_json), so a draft is
a link; only keeping a variant writes anything.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import KernelExistsError, LoadedKernel
from kfmap.catalogue.variants import keep_variant
from kfmap.export import export_text
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_text import write_context
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.edit_json import describe_edit, read_edits, write_edits
from kfmap.permission.what_if.edits import Edit, EditError
from kfmap.permission.what_if.flips import Flip, find_flips
from kfmap.permission.what_if.member_tables import find_table_type, list_flags, render_table_c
from kfmap.web.atlas import load_atlas
from kfmap.web.what_if_objects import find_affected

MAX_DRAFT = 60
_SHOWN = 300
_DRAFT = "draft"
_LIST_FIELDS = ("flags",)


@require_safe
def show_what_if(request: HttpRequest, name: str) -> HttpResponse:
    """Show the draft, the cells it flips, and the forms that add to it; ?format= exports."""
    kernel = load_atlas().load(name)
    edits, after = _read_draft(request, kernel)
    flips = find_flips(kernel.decider, Decider(after)) if edits else ()
    if chosen := request.GET.get("format"):
        return export_text(chosen, _renderers(name, edits, flips, after), f"{name} what if")
    shows_objects = request.user.is_authenticated and bool(flips)
    context = {
        "kernel": kernel,
        "edits": list(enumerate(map(describe_edit, edits))),
        "draft": _write_draft(edits),
        "draft_query": urlencode({"edits": _write_draft(edits)}) if edits else "",
        "flips": [(render_context(flip.context), flip) for flip in flips[:_SHOWN]],
        "count": len(flips),
        "more": max(len(flips) - _SHOWN, 0),
        "affected": find_affected(kernel, Decider(after), flips) if shows_objects else None,
        "choices": _choices(after),
        "variants": Kernel.objects.listed().filter(variant__base_name=name),
        "section": "kernels",
    }
    return render(request, "mechanisms/what_if.html", context)


@require_safe
def add_edit(request: HttpRequest, name: str) -> HttpResponse:
    """Add what a form says to the draft, or take one edit out, and show the draft."""
    kernel = load_atlas().load(name)
    edits = list(_read_draft(request, kernel)[0])
    remove = request.GET.get("remove", "")
    try:
        if remove:
            del edits[int(remove)]
        else:
            edits.append(_read_form(request.GET))
        if len(edits) > MAX_DRAFT:
            raise EditError(f"a draft has at most {MAX_DRAFT} edits; keep it and go on from there")
        apply_edits(kernel.facts, edits, _DRAFT)
    except (EditError, ValueError, IndexError) as error:
        messages.error(request, f"Not added: {error}.")
        edits = list(_read_draft(request, kernel)[0])
    return _to_draft(name, edits)


@login_required
@require_POST
def keep(request: HttpRequest, name: str) -> HttpResponse:
    """Keep the draft as a kernel of the map, under a name of its own."""
    kernel = load_atlas().load(name)
    edits: Sequence[Edit] = ()
    try:
        edits = _parse_draft(request.POST.get("edits", ""))
        assert isinstance(request.user, User)
        kept = keep_variant(kernel, edits, request.POST.get("name", "").strip(), request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (EditError, KernelExistsError) as error:
        messages.error(request, f"Not kept: {error}")
    else:
        messages.success(request, f"{kept.name} is now a kernel of the map.")
        return redirect("kernel", kept.name)
    return _to_draft(name, edits)


def _to_draft(name: str, edits: Sequence[Edit]) -> HttpResponseRedirect:
    query = f"?{urlencode({'edits': _write_draft(edits)})}" if edits else ""
    return HttpResponseRedirect(reverse("kernel-what-if", args=[name]) + query)


def _read_draft(request: HttpRequest, kernel: LoadedKernel) -> tuple[tuple[Edit, ...], KernelFacts]:
    """Give the edits of the address and the facts they lead to; what does not fit is said."""
    try:
        edits = _parse_draft(request.GET.get("edits", ""))
        return edits, apply_edits(kernel.facts, edits, _DRAFT)
    except EditError as error:
        messages.error(request, f"This draft does not fit {kernel.name}: {error}.")
        return (), kernel.facts


def _parse_draft(text: str) -> tuple[Edit, ...]:
    if not text:
        return ()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EditError("it is not JSON") from error
    return read_edits(body)


def _write_draft(edits: Sequence[Edit]) -> str:
    return json.dumps(write_edits(edits), separators=(",", ":"))


def _read_form(form: QueryDict) -> Edit:
    """Read one edit from a form whose fields have the names of the edit's."""
    row: dict[str, object] = {}
    for key in form.keys() - {"edits", "remove"}:
        values = [value.strip() for value in form.getlist(key) if value.strip()]
        if key in _LIST_FIELDS:
            row[key] = values
        elif key == "refuse":
            row[key] = "yes" in values
        elif values:
            row[key] = values[-1]
    if row.get("kind") == "move_kfunc":
        row = {"from_set": "", "to_set": "", **row}
    if row.get("kind") == "change_row":
        row.setdefault("flags", [])
    return read_edits({"version": 1, "edits": [row]})[0]


def _choices(facts: KernelFacts) -> Mapping[str, object]:
    """Give what the forms choose from."""
    return {
        "kfuncs": [kfunc.name for kfunc in facts.kfuncs],
        "sets": sorted((item.id, item.name) for item in facts.sets if item.kind != "list"),
        "filters": [(item.id, item.name) for item in facts.filters],
        "types": [item.program_type for item in facts.hook_of if item.hook],
        "registrations": [
            (item.program_type, item.set_id) for item in facts.registrations if item.program_type
        ],
        "tables": [
            (
                table,
                [
                    member.name
                    for ops in facts.struct_ops
                    if ops.name == find_table_type(facts, table)
                    for member in ops.members
                    if member.callback and member.offset // table.unit < table.length
                ],
                sorted(list_flags(facts, table.name)),
            )
            for table in facts.tables
        ],
        "struct_ops": [ops.name for ops in facts.struct_ops],
    }


def _renderers(
    name: str, edits: Sequence[Edit], flips: Sequence[Flip], after: KernelFacts
) -> Mapping[str, Callable[[], str]]:
    return {
        "json": lambda: _render_json(name, edits, flips),
        "csv": lambda: _render_csv(flips),
        "c": lambda: "\n".join(
            render_table_c(table, find_table_type(after, table)) for table in after.tables
        ),
    }


def _render_json(name: str, edits: Sequence[Edit], flips: Sequence[Flip]) -> str:
    body = {
        **write_edits(edits),
        "kernel": name,
        "flips": [
            {
                "context": write_context(flip.context),
                "kfunc": flip.kfunc,
                "before": flip.before,
                "after": flip.after,
            }
            for flip in flips
        ],
    }
    return json.dumps(body, indent=1) + "\n"


def _render_csv(flips: Sequence[Flip]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["context", "kfunc", "before", "after"])
    for flip in flips:
        writer.writerow([render_context(flip.context), flip.kfunc, flip.before, flip.after])
    return text.getvalue()
