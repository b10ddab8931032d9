"""Second opinions of an object: ask booted kernels, follow the guests, read both verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kfmap.web.shared.not_found import ValueNotFound
from verifier.guests.models import Opinion
from verifier.guests.store import load_opinions
from verifier.guests.submit import CannotAskError, ask, images, missing
from verifier.opinions.compared import ComparedOpinion
from verifier.opinions.versions import VersionChange, compare_versions
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader
from verifier.spaces.roles import Action
from verifier.web.found import may_with, object_view

_MOST_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class OpinionPart:
    """What pages show of an object's opinions: those that are there, and those under way."""

    opinions: list[ComparedOpinion]
    open: list[Opinion]
    failed: list[Opinion]


def load_opinion_part(obj: BpfObject) -> OpinionPart:
    """Return the part, in one query where no kernel was asked."""
    every = list(obj.opinions.defer("data"))
    rows = [row for row in every if row.state != Opinion.State.DONE]
    opinions = load_opinions(obj) if len(rows) < len(every) else []
    latest: dict[str, Opinion] = {}
    for row in rows:
        latest.setdefault(row.kernel, row)
    failed = [row for row in latest.values() if row.state == Opinion.State.FAILED]
    return OpinionPart(opinions, [row for row in rows if not row.is_over], failed)


@require_http_methods(["GET", "HEAD", "POST"])
@object_view()
def show_opinions(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Show what kernels say of an object beside kfmap's verdicts, or ask the chosen ones."""
    if request.method == "POST":
        if not may_with(request.user, Action.SUBMIT, obj):
            raise PermissionDenied("You need the role of a submitter in its space to ask kernels.")
        return _ask(request, obj)
    part = load_opinion_part(obj)
    versions = _find_versions(obj, request.user) if part.opinions else []
    other = request.GET.get("with", "").strip()
    before = _find_version(obj, other, request.user) if other else None
    if other and before is None:
        raise ValueNotFound(request, "with", "version", [row.address for row in versions])
    context = {
        "object": obj,
        "part": part,
        "versions": versions,
        "other": other,
        "changes": _compare_with(before, part.opinions),
        "images": images().values(),
        "missing": missing(),
        "section": "uploads",
    }
    return render(request, "verifier/opinions.html", context)


def _find_versions(obj: BpfObject, reader: Reader) -> list[BpfObject]:
    """Return other objects that were uploaded under the same name and asked about."""
    done = Opinion.objects.filter(state=Opinion.State.DONE).values("object")
    named = BpfObject.objects.visible_to(reader).named(obj.file_name).filter(pk__in=done)
    return list(named.exclude(pk=obj.pk)[:_MOST_VERSIONS])


def _find_version(obj: BpfObject, other: str, reader: Reader) -> BpfObject | None:
    return BpfObject.objects.visible_to(reader).named(obj.file_name).at(other).first()


def _compare_with(before: BpfObject | None, opinions: list[ComparedOpinion]) -> list[VersionChange]:
    """Return what changed since another version of the object, nothing where none is named."""
    if before is None:
        return []
    earlier = [item.opinion for item in load_opinions(before)]
    return compare_versions(earlier, [item.opinion for item in opinions])


def _ask(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        ask(obj, request.POST.getlist("kernel"), request.user)
    except CannotAskError as error:
        messages.error(request, str(error))
    return redirect("object-opinions", sha256=obj.address)


@require_safe
@object_view()
def show_opinion_progress(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Return the guests under way as a fragment; once there are none, have the page read anew."""
    waiting = list(obj.opinions.open().defer("data"))
    response = render(request, "verifier/opinion_progress.html", {"object": obj, "open": waiting})
    if not waiting:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@object_view(Action.SUBMIT)
def cancel_opinions(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """End what is under way for an object; guests stop within seconds."""
    obj.opinions.cancel()
    return redirect("object-opinions", sha256=obj.address)
