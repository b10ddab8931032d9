"""What was said of objects, and whether their verdicts are still those it was said of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from verifier.records.models import BpfObject, Review, Submission, Verdict
from verifier.records.outcome import Outcome, load_outcomes, worst_by_kernel
from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.prepared import ROW, Prepared


@dataclass(frozen=True, slots=True)
class Change:
    """A kernel whose verdict is not what the reviewer saw; "" where there was or is none."""

    kernel: str
    before: str
    after: str

    @property
    def words(self) -> tuple[str, str]:
        """Return both verdicts for people."""
        before, after = (_word(value) for value in (self.before, self.after))
        return before or "not checked", after or "no verdict"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review with what changed since; `uploaded`: its author uploaded the object too."""

    review: Review
    changes: tuple[Change, ...]
    uploaded: bool = False

    @property
    def decides(self) -> bool:
        """Return whether it is more than a remark."""
        return self.review.decision != Review.Decision.REMARK


_SAID = Prepared(lambda reader, _: Review.objects.visible_to(reader).filter(object=ROW))


def load_reviews(obj: BpfObject, now: Mapping[str, str] | None, reader: Reader) -> list[Reviewed]:
    """Return what was said of an object in spaces that the reader may see, the latest first.

    `now`: the verdict of the program that fares worst, by the name of the kernel; None: it is
    asked for where anything was said.
    """
    rows = _SAID.rows(reader, row=obj.pk)
    if not rows:
        return []
    if now is None:
        now = worst_by_kernel(load_outcomes([obj]).get(obj.pk, ()))
    prefetch_related_objects(rows, "author", "space")
    uploaders = _uploaders(obj)
    return [Reviewed(row, _changes(row.seen, now), row.author_id in uploaders) for row in rows]


def load_latest(
    objects: Iterable[BpfObject],
    outcomes: Mapping[int, Sequence[Outcome]],
    reader: Reader,
    space: Space | None = None,
) -> dict[int, Reviewed]:
    """Return the latest decision on each object by its id, in one query; remarks are none.

    `space`: of those that count in it, None for all.
    """
    asked = list(objects)
    if not asked:
        return {}
    seen = Review.objects.visible_to(reader).filter(object__in=asked)
    decided = seen.exclude(decision=Review.Decision.REMARK)
    if space is not None:
        decided = decided.counting_in(space)
    latest = {
        review.object_id: review for review in reversed(decided.select_related("author", "space"))
    }
    return {
        object_id: Reviewed(
            review, _changes(review.seen, worst_by_kernel(outcomes.get(object_id, ())))
        )
        for object_id, review in latest.items()
    }


def _uploaders(obj: BpfObject) -> set[int]:
    """Return the ids of those who uploaded an object."""
    rows = Submission.objects.filter(files__object=obj, user__isnull=False)
    return set(rows.values_list("user_id", flat=True))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the kernels in the order of the map, then those that are gone."""
    names = [*after, *(name for name in before if name not in after)]
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    return tuple(Change(*found) for found in pairs if found[1] != found[2])


def _word(verdict: str) -> str:
    return str(Verdict.Word(verdict).label) if verdict in Verdict.Word else ""
