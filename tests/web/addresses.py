"""An address of every page of the map, for whatever kernels the map holds."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse

from kfmap.catalogue.store import LoadedKernel, load_row
from kfmap.kernel.facts import StructOps
from kfmap.permission.what_if.edits import UseCapabilities
from kfmap.web.shared.cells import load_cells
from kfmap.web.shared.kernel_map import load_kernel_map
from kfmap.web.what_if.edits_in_address import draft_url
from verifier.rechecking.models import Recheck
from verifier.records.models import BpfObject, Submission
from verifier.spaces.models import Space


def list_addresses(reader: User | None = None) -> dict[str, str]:
    """Return one address a page, by a short name; object pages need a sign-in.

    A reader gets those of what they may see, nobody those of whatever there is.
    """
    rows = load_kernel_map().released
    kernel = load_row(rows[-1])
    ops = max(kernel.facts.struct_ops, key=lambda item: (item.name == "sched_ext_ops", item.name))
    pages = {
        "home": reverse("home"),
        "question": reverse("can-call"),
        "kernels": reverse("kernels"),
        "kernel-add": reverse("kernel-add"),
        "my-kernel": reverse("my-kernel"),
        "compare": reverse("compare"),
        "decode": reverse("decode"),
        "probe": reverse("probe"),
        "decoded": f"{reverse('decode')}?sample=refused",
        "handbook": reverse("handbook"),
        "handbook-page": reverse("handbook-page", args=["words"]),
        "search": f"{reverse('search')}?q=task",
        "not-found": "/kernels/9.9/",
        "api": reverse("api"),
        "login": reverse("login"),
        "uploads": reverse("uploads"),
        "differences": reverse("differences"),
        "rechecks": reverse("rechecks"),
        "spaces": reverse("spaces"),
        "space-new": reverse("space-new"),
        "account": reverse("account"),
        "password": reverse("password_change"),
        "second-factor": reverse("mfa_index"),
        **_kernel_addresses(kernel, ops),
    }
    if len(rows) > 1:
        pages["changes"] = reverse("changes", args=[rows[-2].name, kernel.name])
    who = reader or User(is_superuser=True)
    obj = BpfObject.objects.visible_to(who).order_by("pk").last()
    if obj:
        pages["object"] = obj.get_absolute_url()
        pages["object-opinions"] = reverse("object-opinions", args=[obj.sha256])
        pages["object-graph"] = reverse("object-graph", args=[obj.sha256])
        pages["program"] = reverse("object-program", args=[obj.sha256, 0])
        pages["program-source"] = reverse("program-source", args=[obj.sha256, 0])
    space = Space.objects.visible_to(who).order_by("pk").last()
    if space:
        pages["space"] = space.get_absolute_url()
        pages["space-settings"] = reverse("space-settings", args=[space.slug])
        pages["webhooks"] = reverse("webhooks", args=[space.slug])
        pages["space-audit"] = reverse("space-audit", args=[space.slug])
    run = Recheck.objects.visible_to(who).order_by("pk").last()
    if run:
        pages["recheck"] = run.get_absolute_url()
    submission = Submission.objects.visible_to(who).order_by("pk").last()
    if submission:
        pages["submission"] = submission.get_absolute_url()
    return pages


def _kernel_addresses(kernel: LoadedKernel, ops: StructOps) -> dict[str, str]:
    name, facts = kernel.name, kernel.facts
    member = next(item.name for item in ops.members if item.callback)
    context = f"struct_ops:{ops.name}.{member}"
    kfunc = _deciding_kfunc(kernel, context)
    filters = {item.filter: item for item in facts.registrations if item.filter}
    filter_id, registration = max(filters.items(), key=lambda item: item[0].startswith("scx"))
    asked = {"kernel": name, "context": context, "kfunc": kfunc}
    cell = urlencode({"cell": f"{context} {kfunc}"})
    return {
        "answer": f"{reverse('can-call')}?{urlencode(asked)}",
        "kernel": reverse("kernel", args=[name]),
        "matrix": reverse("matrix", args=[name]),
        "matrix-cell": f"{reverse('matrix', args=[name])}?{cell}",
        "kfuncs": reverse("kfuncs", args=[name]),
        "kfunc": reverse("kfunc", args=[name, kfunc]),
        "context": reverse("context", args=[name, "xdp"]),
        "struct-ops": reverse("struct-ops", args=[name, ops.name]),
        "member": reverse("member", args=[name, ops.name, member]),
        "set": reverse("set", args=[name, registration.set_id]),
        "filter": reverse("filter", args=[name, filter_id]),
        "hook": reverse("hook", args=[name, registration.hook]),
        "graphs": reverse("graphs", args=[name]),
        "graph-callbacks": reverse("graph-callbacks", args=[name, ops.name]),
        "graph-classes": reverse("graph-classes", args=[name, ops.name]),
        "graph-shared": reverse(
            "graph-shared", args=[name, facts.struct_ops[0].name, facts.struct_ops[-1].name]
        ),
        "mechanisms": reverse("kernel-mechanisms", args=[name]),
        "findings": reverse("kernel-findings", args=[name]),
        "what-if": reverse("kernel-what-if", args=[name]),
        "what-if-draft": draft_url(name, [UseCapabilities(ops.name, "any")]),
        "kernel-uploads": reverse("kernel-uploads", args=[name]),
    }


def _deciding_kfunc(kernel: LoadedKernel, context: str) -> str:
    """Return a kfunc whose cell a filter refuses, if any: its answer has the most to say."""
    cells = load_cells(kernel)
    column = cells.columns[context]
    asked, _ = kernel.decider.listed_bits(cells.contexts[column])
    refused = asked & ~kernel.matrix.allowed[column]
    names = [name for name, row in cells.rows.items() if refused >> row & 1]
    return names[0] if names else kernel.decider.kfuncs[0]
