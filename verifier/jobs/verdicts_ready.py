"""Tell people what came of an upload, once all its checks are over: asked for at each tick."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db import transaction

from kfmap.catalogue.availability import find_absence
from kfmap.catalogue.models import Kernel
from verifier.engine.reports.answer import build_answer
from verifier.engine.reports.causes import Cause
from verifier.records import store
from verifier.records.models import BpfObject, Submission
from verifier.records.outcome import Outcome, load_outcomes
from verifier.records.review_state import HARMLESS, describe
from verifier.records.versions import list_versions
from verifier.spaces.models import Event, Kind, Space

_AT_ONCE = 20  # submissions at a tick
_COMPARED = 20  # objects of one submission that are set beside the version before them
_NAMED, _LISTED = 2, 200
log = logging.getLogger(__name__)


def tell_verdicts() -> None:
    """Notify people of every upload whose checks are over; of two workers one does.

    One that cannot be told is left, or it would hold up all others.
    """
    for submission in Submission.objects.to_tell().select_related("user", "space")[:_AT_ONCE]:
        mine = Submission.objects.filter(pk=submission.pk, is_awaited=True)
        try:
            with transaction.atomic():
                if mine.update(is_awaited=False):
                    _tell(submission)
        except Exception as error:
            if find_absence(error):
                raise  # the next tick tries again
            log.exception("nobody is told of upload %s", submission.pk)
            mine.update(is_awaited=False)


def _tell(submission: Submission) -> None:
    objects = _objects_of(submission)
    outcomes = load_outcomes(objects)
    lines = [_line(obj, outcomes.get(obj.pk, [])) for obj in objects]
    if not lines:
        return
    text = lines[0]
    if len(lines) > 1:
        text = f"{len(lines)} objects of an upload are checked. {' '.join(lines[:_NAMED])}"
        text += f" And {len(lines) - _NAMED} more." if len(lines) > _NAMED else ""
    address = objects[0] if len(objects) == 1 else submission
    Event.objects.announce(
        submission.space,
        Kind.VERDICTS_READY,
        text,
        address.get_absolute_url(),
        [submission.user],
        "\n".join(lines) if len(lines) > _NAMED else "",
        submission=submission.pk,
        objects=[_plain(obj, outcomes.get(obj.pk, [])) for obj in objects[:_LISTED]],
    )
    if submission.space is not None:
        for obj in objects[:_COMPARED]:
            _tell_new_findings(submission.space, obj, submission)


def _objects_of(submission: Submission) -> list[BpfObject]:
    """Return the objects under the names they were uploaded with, each once."""
    found: dict[int, BpfObject] = {}
    for file in submission.files.exclude(object=None).select_related("object"):
        if file.object is not None and file.object.pk not in found:
            file.object.name_here = file.name
            found[file.object.pk] = file.object
    return list(found.values())


def _line(obj: BpfObject, outcomes: list[Outcome]) -> str:
    name = " ".join(obj.file_name.split())[:80]
    if obj.problem:
        return f"{name} could not be checked."
    if not outcomes:
        return f"{name} has no verdicts yet."
    told = "; ".join(f"{outcome.word} on {_kernels(outcome)}" for outcome in reversed(outcomes))
    return f"{name}: {told}."


def _kernels(outcome: Outcome) -> str:
    names = outcome.kernels
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} kernels"


def _plain(obj: BpfObject, outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "sha256": obj.sha256,
        "name": obj.file_name,
        "problem": obj.problem,
        "verdicts": {name: outcome.verdict for outcome in outcomes for name in outcome.kernels},
    }


def _tell_new_findings(space: Space, obj: BpfObject, submission: Submission) -> None:
    """Tell the space of findings that the version before had not; unknown and dead are none."""
    versions = [row.object for row in list_versions(space, obj.file_name)]
    before = versions[versions.index(obj) + 1 :] if obj in versions else []
    if not before or obj.problem or before[0].problem or not before[0].read_at:
        return
    known = {cause.fingerprint for cause in _causes(before[0])}
    new = [cause for cause in _causes(obj) if cause.fingerprint not in known]
    if not new:
        return
    count = "a finding" if len(new) == 1 else f"{len(new)} findings"
    named = "; ".join(describe(cause)[:120] for cause in new[:_NAMED])
    more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
    Event.objects.announce(
        space,
        Kind.NEW_FINDINGS,
        f"{obj.file_name[:80]} has {count} that the version before had not: {named}{more}.",
        f"{obj.get_absolute_url()}since/{before[0].address}/",
        [submission.user],
        object=obj.sha256,
        before=before[0].sha256,
        findings=[
            {"fingerprint": cause.fingerprint, "text": describe(cause)} for cause in new[:_LISTED]
        ],
    )


def _causes(obj: BpfObject) -> Iterator[Cause]:
    kernels = list(Kernel.objects.listed())
    checked = store.combine_checked(obj, kernels, store.load_checks(obj, kernels))
    yield from (cause for cause in build_answer(checked).causes.shown if cause.kind not in HARMLESS)
