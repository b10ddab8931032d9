"""Uploads, objects, and what their jobs do."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from kfmap.catalogue.snapshot import one_snapshot
from kfmap.graphs.picture import build_picture
from kfmap.web.shared.asked import read_choice, read_kernel, read_switch
from kfmap.web.shared.export import GRAPH_FORMATS, export_graph
from kfmap.web.shared.kernel_map import load_kernel_map
from verifier.engine.reports import RENDERERS
from verifier.guests.store import add_opinions
from verifier.jobs.opening import change_loader, check_again, check_stale_objects
from verifier.jobs.submit import submit_once
from verifier.records.endings import delete_upload
from verifier.records.models import BpfObject, Job, Review, Submission, SubmittedFile
from verifier.records.newest import LOOKED_AT, find_newest, newest_ids, sees_few
from verifier.records.outcome import load_outcomes
from verifier.records.policies import hold
from verifier.records.report_download import export_report
from verifier.records.reporting import load_report, load_submission
from verifier.records.review_state import find_decision
from verifier.records.reviews import load_latest, load_reviews
from verifier.records.store import find_stale
from verifier.records.uploads import find_space, may_manage, spaces_of
from verifier.records.versions import load_origins
from verifier.spaces.access import Reader, sees_everything
from verifier.spaces.choice import NoSuchSpaceError, find_chosen, list_choices
from verifier.spaces.models import Space
from verifier.spaces.prepared import Prepared
from verifier.spaces.roles import Action
from verifier.web.events import progress_context
from verifier.web.found import may_with, object_view, submission_view
from verifier.web.loader_form import LoaderForm
from verifier.web.object_graph import graph_links, is_grouped, load_object_graph
from verifier.web.object_page import ObjectPage, build_object_page
from verifier.web.object_rows import load_jobs, render_rows
from verifier.web.opinions import load_opinion_part
from verifier.web.origin_form import OriginForm
from verifier.web.program_page import build_program_page
from verifier.web.review_form import ReviewForm
from verifier.web.reviewing import keep_review, load_review_part
from verifier.web.upload_fields import render_fields

_FILES = 50  # of an upload, on a page
_MANY = 100  # how far objects are counted that are to be checked again
_LATEST = Prepared(lambda reader, _: find_newest(reader, 50))
_STALE = Prepared(lambda reader, _: _find_stale(reader)[: _MANY + 1])
_STALE_OF_ALL = Prepared(lambda _, __: find_stale().order_by().values("pk")[:LOOKED_AT])
_STALE_OF_LATEST = Prepared(
    lambda reader, _: _find_stale(reader).filter(pk__in=newest_ids(reader, LOOKED_AT))[: _MANY + 1]
)
_STALE_OF_MANY = Prepared(
    lambda reader, _: _find_stale(reader).filter(pk__in=_ids_in_spaces(reader))[: _MANY + 1]
)
_FILES_GO = (
    "The upload is deleted, and nobody sees it any more. Its files are removed one after "
    "another: Spaces says how many are gone."
)
_QUEUE_AWAY = (
    "What you gave is kept and waits for the queue, which does not answer now: "
    "it is checked as soon as the queue is back."
)


@login_required
def uploads(request: HttpRequest) -> HttpResponse:
    """Show the upload form and the latest objects, or take in what was dropped."""
    if request.method == "POST":
        return _take_in(request)
    return _render_uploads(request, LoaderForm(reader=request.user), OriginForm())


def _render_uploads(
    request: HttpRequest, form: LoaderForm, origin_form: OriginForm, status: int = 200
) -> HttpResponse:
    spaces = list_choices(request.user)
    slugs = [space.slug for space in spaces]
    latest = _LATEST.rows(request.user)
    outcomes = load_outcomes(latest)
    load_jobs(latest, outcomes)
    reviews = load_latest(latest, outcomes, request.user)
    objects = [(obj, outcomes.get(obj.pk, []), reviews.get(obj.pk)) for obj in latest]
    context = {
        "objects": render_rows(objects, of_all_spaces=True),
        "stale": _count_stale(request.user),
        "many": _MANY,
        "fields": render_fields(form, origin_form),
        "spaces": spaces,
        "chosen": request.POST.get("space") or read_choice(request, "space", slugs),
        "section": "uploads",
    }
    return render(request, "verifier/uploads.html", context, status=status)


def _count_stale(reader: Reader) -> int:
    """Count what is to be checked again: among the reader's latest, then by the shorter way."""
    if sees_everything(reader):
        return _STALE.count(reader)
    lately = _STALE_OF_LATEST.count(reader)
    if lately > _MANY or sees_few(reader):
        return lately
    is_short = _STALE_OF_ALL.count(reader) < LOOKED_AT
    return (_STALE if is_short else _STALE_OF_MANY).count(reader)


def _ids_in_spaces(reader: Reader) -> QuerySet[SubmittedFile, Any]:
    """Return the ids of the objects in spaces where somebody may submit, from an index."""
    spaces = Space.objects.where(reader, Action.SUBMIT).order_by().values("pk")
    files = SubmittedFile.objects.filter(space__in=spaces, object__isnull=False)
    return files.order_by().values("object")


def _find_stale(reader: Reader) -> QuerySet[BpfObject, Any]:
    return find_stale().where(reader, Action.SUBMIT).order_by().values("pk")


def _take_in(request: HttpRequest) -> HttpResponse:
    files = request.FILES.getlist("objects")
    if not files:
        messages.error(request, "Choose one or more files first.")
        return redirect("uploads")
    form, origin_form = LoaderForm(request.POST, reader=request.user), OriginForm(request.POST)
    if not (form.is_valid() and origin_form.is_valid()):
        return _render_uploads(request, form, origin_form, status=422)
    assert isinstance(request.user, User)
    try:
        space = find_chosen(request.user, request.POST.get("space", ""))
    except NoSuchSpaceError as error:
        form.add_error(None, str(error))
        return _render_uploads(request, form, origin_form, status=422)
    submission, again = submit_once(files, request.user, form.choices, space, origin_form.origin)
    if again:
        messages.info(request, "You uploaded the same a moment ago: this is that upload.")
    if Job.objects.open().filter(object__submitted__submission=submission, sent_at=None).exists():
        messages.warning(request, _QUEUE_AWAY)
        return _render_submission(request, submission, status=202)
    taken = list(submission.files.select_related("object")[:2])
    return redirect(taken[0].object if len(taken) == 1 and taken[0].object else submission)


@login_required
@require_POST
def check_stale(request: HttpRequest) -> HttpResponse:
    """Check the objects that have no verdicts of this engine: kfmap has learnt since."""
    count = check_stale_objects(request.user)
    waiting = "1 object waits" if count == 1 else f"{count} objects wait"
    messages.info(request, f"{waiting} to be checked.")
    return redirect("uploads")


@require_safe
@submission_view()
def show_submission(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Show what became of each file of one upload; ?format= exports a report on its objects."""
    if chosen := request.GET.get("format"):
        return export_report(
            chosen, load_submission(submission, request.user), f"submission-{submission.pk}"
        )
    return _render_submission(request, submission)


@require_POST
@submission_view(Action.MANAGE)
def delete_submission(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Delete an upload; objects that nobody else has uploaded go with it, bytes and all."""
    is_gone = delete_upload(submission, request.user)
    messages.success(request, "The upload is deleted." if is_gone else _FILES_GO)
    return redirect("uploads")


def _render_submission(
    request: HttpRequest, submission: Submission, status: int = 200
) -> HttpResponse:
    files = submission.files.select_related("object").prefetch_related("object__jobs")
    page = Paginator(files, _FILES).get_page(request.GET.get("page"))
    outcomes = load_outcomes(file.object for file in page if file.object)
    context = {
        "submission": submission,
        "files": [(file, outcomes.get(file.object_id or 0, [])) for file in page],
        "page": page,
        "waiting": submission.has_open_jobs(page.paginator.count),
        "formats": RENDERERS,
        "may_delete": may_manage(request.user, submission),
        "section": "uploads",
    }
    return render(request, "verifier/submission.html", context, status=status)


@require_safe
@object_view()
@one_snapshot()
def show_object(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Show the verdict grid, the findings and the calls of an object; ?format= exports them.

    ?before= and ?after= name the kernels to compare.
    """
    chosen = request.GET.get("format")
    if chosen:
        loaded = add_opinions(load_report([obj], request.user), [obj])
        return export_report(chosen, loaded, obj.sha256[:12])
    return _render_object(request, obj, ReviewForm())


@require_POST
@object_view(Action.COMMENT)
def add_review(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Keep what the reader says of the verdicts that stand now; a decision takes a reviewer."""
    form = ReviewForm(request.POST)
    page = build_object_page(obj)
    if not page.worst:
        form.add_error(None, "Nothing has been checked yet: there are no verdicts to review.")
    if form.is_valid() and not may_with(request.user, form.asks_for, obj):
        raise PermissionDenied("You need the role of a reviewer in its space to decide.")
    part = load_review_part(request, obj, page, load_reviews(obj, page.worst, request.user))
    form.hold_against(part.standing)
    if not form.is_valid():
        return _render_object(request, obj, form, status=422)
    review = form.save(commit=False)
    keep_review(request, obj, review, page, part)
    return redirect(f"{obj.get_absolute_url()}#{_place_of(review, page)}")


def _place_of(review: Review, page: ObjectPage) -> str:
    """Return where the page shows a review: at the finding that it is about, if there is one."""
    about = (card for card in page.causes if card.cause.fingerprint == review.fingerprint)
    card = next(about, None)
    return card.anchor if card is not None else "reviews"


@require_POST
@object_view(Action.SUBMIT)
def set_loader(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Check the object of a space for what its loader does by the words of the reader."""
    form = LoaderForm(request.POST, reader=request.user)
    if not form.is_valid():
        return _render_object(request, obj, ReviewForm(), form, status=422)
    space = find_space(request.user, obj, Action.SUBMIT)
    if slug := request.POST.get("space", ""):
        space = get_object_or_404(spaces_of(obj, request.user, Action.SUBMIT), slug=slug)
    return redirect(change_loader(obj, space, form.choices))


@one_snapshot()
def _render_object(
    request: HttpRequest,
    obj: BpfObject,
    form: ReviewForm,
    loader_form: LoaderForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = build_object_page(obj, *_read_pair(request))
    reviews = load_reviews(obj, page.worst, request.user)
    review_part = load_review_part(request, obj, page, reviews)
    context = {
        "object": obj,
        "page": page,
        "reviews": reviews,
        "review_part": review_part,
        "held": hold(obj, review_part.policies),
        "part": load_opinion_part(obj),
        "decided": find_decision(reviews, review_part.space),
        "review_form": form,
        "loader_form": loader_form or LoaderForm.showing(obj.loader),
        "loader_spaces": review_part.spaces.by_action[Action.SUBMIT],
        "origin": load_origins([obj], request.user).get(obj.pk),
        "other_loaders": _find_other_loaders(request.user, obj),
        "job": page.job,
        "formats": RENDERERS,
        "section": "uploads",
    }
    return render(request, "verifier/object.html", context, status=status)


def _read_pair(request: HttpRequest) -> tuple[str, str]:
    """Return the names of the kernels to compare, "" for those that are not asked for."""
    if not (request.GET.get("before") or request.GET.get("after")):
        return "", ""
    kernels = load_kernel_map()
    before, after = (read_kernel(request, kernels, name) for name in ("before", "after"))
    return before.name if before else "", after.name if after else ""


def _find_other_loaders(reader: Reader, obj: BpfObject) -> list[BpfObject]:
    """Return the same bytes with other loaders; as there rarely are any, that is asked first."""
    others = BpfObject.objects.beside(obj)
    return list(others.visible_to(reader)) if others.exists() else []


@require_safe
@object_view()
@one_snapshot()
def show_program(request: HttpRequest, obj: BpfObject, position: int) -> HttpResponse:
    """Show all findings of one program, and every place that calls a kfunc, page by page."""
    program = get_object_or_404(obj.programs, position=position)
    context = {
        "object": obj,
        "program": program,
        "page": build_program_page(obj, program, request.GET.get("page", "")),
        "section": "uploads",
    }
    return render(request, "verifier/program.html", context)


@require_safe
@object_view()
@one_snapshot()
def show_graph(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Draw what the programs of an object call; ?kernel= colours it, ?format= exports it."""
    kernels = load_kernel_map()
    kernel = read_kernel(request, kernels) or kernels.newest
    whole = read_switch(request, "all")
    graph = load_object_graph(obj, kernel, whole=whole)
    chosen = request.GET.get("format")
    if chosen:
        return export_graph(chosen, graph)
    context = {
        "object": obj,
        "picture": build_picture(graph, graph_links(obj, kernel)),
        "grouped": whole or is_grouped(graph),
        "whole": whole,
        "kernels": kernels,
        "kernel": kernel,
        "formats": GRAPH_FORMATS,
        "section": "uploads",
    }
    return render(request, "verifier/graph.html", context)


@require_safe
@object_view()
def show_progress(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Return the progress as a fragment, for readers without a stream."""
    return render(request, "verifier/progress.html", {**progress_context(obj)})


@require_POST
@object_view(Action.SUBMIT)
def check_once_more(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Check the object on kernels that came into the map since, or try again what broke off."""
    if not check_again(obj):
        messages.info(request, "It is checked on every kernel of the map already.")
    return redirect(obj)


@require_POST
@object_view(Action.SUBMIT)
def cancel(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """End the job of the object, whatever became of its worker."""
    Job.objects.filter(object=obj).cancel()
    return redirect(obj)


@require_POST
@object_view(Action.SUBMIT)
def park(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Put the open job of the object aside."""
    Job.objects.filter(object=obj).park()
    return redirect(obj)
