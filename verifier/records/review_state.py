"""Where the review of an object stands in a space, and what a sign-off covers by now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kfmap.catalogue.kernel_order import newest_first
from kfmap.catalogue.models import Kernel
from kfmap.permission.engine import ENGINE_VERSION
from verifier.engine.reports.causes import Cause
from verifier.engine.result import LEFT_OUT, PASSES, FindingKind
from verifier.records.models import BpfObject, Job, Review, Waiver
from verifier.records.reviews import Reviewed
from verifier.records.versions import find_newest_id
from verifier.spaces.models import PolicyVersion, Space

HARMLESS = {FindingKind.UNKNOWN, FindingKind.DEAD, FindingKind.LEFT_OUT}


class State(StrEnum):
    """Where a review is."""

    CHECKING = "checking"
    NEEDS_REVIEW = "needs review"
    APPROVED = "approved"
    CHANGES_ASKED = "changes asked"
    REJECTED = "rejected"


_AFTER = {
    Review.Decision.SIGNED_OFF: State.APPROVED,
    Review.Decision.CHANGES: State.CHANGES_ASKED,
    Review.Decision.REJECTED: State.REJECTED,
}


@dataclass(frozen=True, slots=True)
class JudgedObject:
    """What a review of an object is about; `worst`: the object's verdict by kernel."""

    object: BpfObject
    job: Job | None
    kernels: Sequence[Kernel]
    causes: Sequence[Cause]
    worst: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state, why an approval does not hold any more, what it does not cover, open findings.

    `binds`: what a decision of now stands on; `mark` changes with it.
    """

    state: State
    reopened: tuple[str, ...]
    uncovered: tuple[str, ...]
    unwaived: tuple[Cause, ...]
    waivers: Mapping[str, Waiver]
    mark: str
    binds: dict[str, Any]


def deciding_kernels(space: Space | None, kernels: Sequence[Kernel]) -> set[str]:
    """Return the kernels a space cares for; else the newest released one, as `verify` does."""
    if space is not None and space.kernels:
        return set(space.kernels)
    released = [kernel.name for kernel in newest_first(kernels) if kernel.released]
    return set(released[:1])


def bind(
    obj: BpfObject,
    space: Space | None,
    kernels: Sequence[Kernel],
    policies: Iterable[PolicyVersion],
) -> dict[str, Any]:
    """Return what a decision of now stands on; of `policies`, those of the space count."""
    of_space = [row for row in policies if space is not None and row.space_id == space.pk]
    return {
        "sha256": obj.sha256,
        "kernels": {kernel.name: kernel.facts_hash for kernel in kernels},
        "engine": ENGINE_VERSION,
        "loader": obj.loader_key,
        "policies": {row.slug: row.number for row in of_space},
    }


def load_standing(
    found: JudgedObject,
    space: Space | None,
    policies: Iterable[PolicyVersion],
    reviews: Sequence[Reviewed],
) -> Standing:
    """Return where the review of an object stands in a space; `policies` are those in force."""
    deciding = deciding_kernels(space, found.kernels)
    waivers = _load_waivers(space)
    unwaived = tuple(
        cause
        for cause in found.causes
        if cause.kind not in HARMLESS
        and cause.fingerprint not in waivers
        and deciding.intersection(cause.kernels)
    )
    now = bind(found.object, space, found.kernels, policies)
    mark = _mark(found.object, space, now, found.worst)
    decided = find_decision(reviews, space)
    if not found.worst and (found.job is None or not found.job.is_over):
        return Standing(State.CHECKING, (), (), unwaived, waivers, mark, now)
    if decided is None:
        return Standing(State.NEEDS_REVIEW, (), (), unwaived, waivers, mark, now)
    state = _AFTER[Review.Decision(decided.review.decision)]
    uncovered = tuple(_find_uncovered(decided.review.binds, now))
    reopened: tuple[str, ...] = ()
    if state == State.APPROVED:
        reopened = tuple(_find_reopened(decided, deciding, unwaived))
    state = State.NEEDS_REVIEW if reopened else state
    return Standing(state, reopened, uncovered, unwaived, waivers, mark, now)


def find_decision(reviews: Iterable[Reviewed], space: Space | None) -> Reviewed | None:
    """Return the latest decision that counts in a space."""
    found = (item for item in reviews if item.decides and item.review.counts_in(space))
    return next(found, None)


def _mark(
    obj: BpfObject, space: Space | None, now: Mapping[str, Any], worst: Mapping[str, str]
) -> str:
    """Return what is another text when a reader looks at what is out of date: the verdicts, what
    they stand on, or the version that is the newest of this name."""
    newest = find_newest_id(space, obj.file_name) if space is not None else None
    looked_at = [now, dict(worst), newest]
    return hashlib.sha256(json.dumps(looked_at, sort_keys=True).encode()).hexdigest()


def _load_waivers(space: Space | None) -> dict[str, Waiver]:
    active = Waiver.objects.active().filter(space=space).select_related("owner") if space else ()
    return {waiver.fingerprint: waiver for waiver in active}


def _find_reopened(
    decided: Reviewed, deciding: set[str], unwaived: Sequence[Cause]
) -> Iterator[str]:
    for change in decided.changes:
        if change.kernel in deciding and change.after not in ("", PASSES, LEFT_OUT):
            yield f"{change.kernel} says {change.words[1]} now, and said {change.words[0]} then"
    if decided.review.binds:  # those of before know no waivers
        for cause in unwaived:
            yield f"there is no waiver for {describe(cause)}"


def _find_uncovered(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Return what is other than when it was signed; nothing is known of reviews of before."""
    if not was:
        return
    for name, facts in now["kernels"].items():
        if name not in was["kernels"]:
            yield f"kernel {name}, which was not in the map"
        elif was["kernels"][name] != facts:
            yield f"kernel {name}, whose facts have changed"
    if was["engine"] != now["engine"]:
        yield f"the verdicts of engine {now['engine']}, as it was made with engine {was['engine']}"
    if was["loader"] != now["loader"]:
        yield "the present loader settings"
    for slug, number in now["policies"].items():
        if was["policies"].get(slug) != number:
            yield f"version {number} of the policy {slug}"


def describe(cause: Cause) -> str:
    """Return a finding in a few words."""
    return cause.named
