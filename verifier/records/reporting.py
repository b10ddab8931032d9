"""What reports say beside verdicts: which kernels were asked, and who signed what off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kfmap.catalogue.agreement import describe_agreement
from kfmap.catalogue.models import Kernel
from kfmap.reports.document import SignOff
from verifier.engine.origin import UNKNOWN_ORIGIN
from verifier.engine.reports import CheckedObject
from verifier.engine.reports.model import AskedKernel, ReportOptions
from verifier.records.agreed import find_spaces, hold_checked, load_waivers
from verifier.records.models import BpfObject, Review, Submission
from verifier.records.newest import ids_in
from verifier.records.outcome import load_outcomes, worst_by_kernel
from verifier.records.reviews import Reviewed, load_reviews
from verifier.records.store import load_all_checked
from verifier.records.versions import load_origins
from verifier.spaces.access import Reader
from verifier.spaces.models import Space

MOST_OBJECTS = 500  # of a space or an upload in one report


def load_report(
    objects: Iterable[BpfObject], reader: Reader, title: str = "", space: Space | None = None
) -> tuple[list[CheckedObject], ReportOptions]:
    """Return what a renderer of `verifier.engine.reports` takes, for any number of objects.

    What was said of them is what the reader may see; `space`: in this one alone.
    """
    objects = list(objects)
    kernels = list(Kernel.objects.listed())
    origins = load_origins(objects, reader, space)
    checked = [
        replace(item, origin=origins.get(obj.pk, UNKNOWN_ORIGIN))
        for obj, item in zip(objects, load_all_checked(objects, kernels), strict=True)
    ]
    spaces = find_spaces(objects, reader) if space is None else [space]
    options = ReportOptions(
        kernels=tuple(describe_kernel(kernel) for kernel in kernels),
        sign_offs=tuple(_sign_offs(objects, reader, space)),
        waivers=tuple(load_waivers(checked, spaces)),
        policies=tuple(hold_checked(checked, spaces, kernels)),
        title=title,
    )
    return checked, options


def load_submission(
    submission: Submission, reader: Reader
) -> tuple[list[CheckedObject], ReportOptions]:
    """Return the report on the first files of a submission, those that are no objects too."""
    files = list(submission.files.select_related("object")[:MOST_OBJECTS])
    objects = {file.object: file.name for file in files if file.object}
    for obj, name in objects.items():
        obj.name_here = name  # others may have uploaded the bytes under another
    title = f"Report on submission {submission.pk}"
    if (count := submission.files.count()) > len(files):
        title += f": the first {len(files)} of {count:,} files"
    checked, options = load_report(objects, reader, title, submission.space)
    checked = [replace(obj, origin=submission.origin) for obj in checked]
    unread = [
        CheckedObject(file.name, "", None, problem=file.problem)
        for file in files
        if not file.object
    ]
    return [*checked, *unread], options


def load_space(space: Space, reader: Reader) -> tuple[list[CheckedObject], ReportOptions]:
    """Return the report on the objects of a space, the latest first, under their names there."""
    ids = ids_in(space)
    found = BpfObject.objects.in_space(space).filter(pk__in=list(ids[:MOST_OBJECTS]))
    shown, count = list(found.order_by("-created_at", "-pk")), ids.count()
    title = f"Report on the space {space.name}"
    if count > len(shown):
        title += f": the latest {len(shown)} of {count:,} objects"
    return load_report(shown, reader, title, space)


def describe_kernel(kernel: Kernel) -> AskedKernel:
    """Return what the provenance says of a kernel of the map."""
    bundled = kernel.source == Kernel.Source.BUNDLED
    agreement = describe_agreement(kernel.name) if bundled else ""
    return AskedKernel(kernel.name, kernel.version, kernel.facts_hash, agreement, kernel.estimate)


def _sign_offs(
    objects: Sequence[BpfObject], reader: Reader, space: Space | None
) -> Iterator[SignOff]:
    said = set(Review.objects.filter(object__in=objects).values_list("object_id", flat=True))
    reviewed = [obj for obj in objects if obj.pk in said]
    outcomes = load_outcomes(reviewed)
    for obj in reviewed:
        now = worst_by_kernel(outcomes.get(obj.pk, []))
        for item in load_reviews(obj, now, reader):
            if item.decides and (space is None or item.review.counts_in(space)):
                yield _sign_off(obj, item)


def _sign_off(obj: BpfObject, item: Reviewed) -> SignOff:
    review = item.review
    return SignOff(
        f"{obj.file_name}, SHA-256 {obj.sha256}",
        review.get_decision_display(),
        str(review.author or "somebody whose account is gone"),
        review.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        review.text,
        _holds(item),
        _rests_on(item.review.binds),
        item.review.space.name if item.review.space else "",
    )


def _rests_on(binds: Mapping[str, Any]) -> str:
    """Return what a decision was made by; nothing is known of those of older releases."""
    if not binds:
        return ""
    kernels = ", ".join(f"{name} (facts {facts[:12]})" for name, facts in binds["kernels"].items())
    policies = ", ".join(f"{slug} version {number}" for slug, number in binds["policies"].items())
    loader = "; loader settings, which the object's page shows" if binds["loader"] else ""
    return f"engine {binds['engine']}; kernels {kernels}; policies {policies or 'none'}{loader}"


def _holds(item: Reviewed) -> str:
    """Return for which kernels the verdicts are no longer those that were signed."""
    if not item.changes:
        return f"for all that was seen: {', '.join(item.review.seen)}"
    told = (f"{change.kernel}: {' → '.join(change.words)}" for change in item.changes)
    return f"no longer for {'; '.join(told)}"
