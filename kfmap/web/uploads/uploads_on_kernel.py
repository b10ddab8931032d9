"""The uploads on one kernel: what was checked, what is under way, what a variant changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from kfmap.catalogue.models import Kernel
from verifier.jobs.opening import ensure_job
from verifier.records.cursor import IdPage
from verifier.records.id_lists import BegunIds, SeenIds
from verifier.records.models import BpfObject, Check, Job, Verdict
from verifier.records.newest import find_newest
from verifier.records.outcome import WORST_FIRST
from verifier.spaces.access import Reader
from verifier.spaces.roles import Action

_COMPARED = 200  # objects, the latest
_COUNTED = 500  # objects, the latest
_AT_ONCE = 1000
Known = dict[tuple[int, str], dict[str, str]]  # by object and facts: programs and their verdicts


@dataclass(frozen=True, slots=True)
class Count:
    """So many programs with a verdict."""

    verdict: str
    number: int

    @property
    def word(self) -> str:
        """Return the verdict for people."""
        return str(Verdict.Word(self.verdict).label)


@dataclass(frozen=True, slots=True)
class Changed:
    """A program whose verdict is not that on the kernel a variant was made from."""

    program: str
    before: Count
    after: Count


@dataclass(frozen=True, slots=True)
class Row:
    """An object: its programs on the kernel, counted by verdict; none while it is not checked."""

    object: BpfObject
    counts: tuple[Count, ...]
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the objects that can be checked were, and how many have a job now.

    `latest`: of so many objects, the latest ones, where there are more; 0 for all.
    """

    total: int
    checked: int
    working: int
    latest: int

    @property
    def percent(self) -> int:
        """Return the progress in percent."""
        return 100 * self.checked // self.total if self.total else 100

    @property
    def unchecked(self) -> int:
        """Count the objects without verdicts."""
        return self.total - self.checked

    @property
    def idle(self) -> int:
        """Count the objects that nobody checks."""
        return self.unchecked - self.working

    @property
    def may_start(self) -> bool:
        """Return whether there is, or may be among older objects, something to check."""
        return self.idle > 0 or (self.latest > 0 and not self.working)


@dataclass(frozen=True, slots=True)
class Compared:
    """The objects with programs whose verdicts differ between two kernels, and how many
    objects have no verdicts yet on which of the two.

    `latest`: only so many objects, the latest ones, were compared; 0 for all.
    """

    rows: tuple[Row, ...]
    unchecked: tuple[tuple[Kernel, int], ...]
    latest: int


def compare_uploads(old: Kernel, new: Kernel, reader: Reader) -> Compared:
    """Compare the newest objects that the reader may see on two kernels."""
    newest = list(find_newest(reader, _COMPARED))
    objects = [obj for obj in newest if not obj.problem]
    known = _load_verdicts(objects, {old.facts_hash, new.facts_hash})
    rows = (_build_row(obj, known, new, old.facts_hash) for obj in objects)
    counts = (
        (kernel, sum((obj.pk, kernel.facts_hash) not in known for obj in objects))
        for kernel in (old, new)
    )
    return Compared(
        tuple(row for row in rows if row.changed),
        tuple((kernel, count) for kernel, count in counts if count),
        _COMPARED if len(newest) == _COMPARED else 0,
    )


def list_latest(reader: Reader) -> BegunIds:
    """Return the objects that the reader may see, the latest of which are counted."""
    return BegunIds(SeenIds(reader), _COUNTED + 1)


def measure_progress(kernel: Kernel, objects: BegunIds) -> Progress:
    """Count the latest of the objects."""
    latest = objects.first[:_COUNTED]
    if not latest:
        return Progress(0, 0, 0, latest=0)
    # Where the range stands beside the ids, PostgreSQL does not read all objects to find these.
    rows = BpfObject.objects.filter(pk__in=latest, pk__gte=latest[-1], problem="").order_by()
    checks = Check.objects.current_of_row().filter(facts_hash=kernel.facts_hash)
    jobs = Job.objects.open().filter(object=OuterRef("pk"))
    found = rows.annotate(is_checked=Exists(checks), waits=Exists(jobs))
    flags = found.values("is_checked", "waits").annotate(number=models.Count("pk"))
    numbers = {(row["is_checked"], row["waits"]): row["number"] for row in flags}
    return Progress(
        total=sum(numbers.values()),
        checked=sum(number for (is_checked, _), number in numbers.items() if is_checked),
        working=numbers.get((False, True), 0),
        latest=0 if objects.is_whole else _COUNTED,
    )


def start_checks(kernel: Kernel, reader: Reader) -> int:
    """Make jobs for the newest objects without verdicts on a kernel; give how many have one now."""
    with transaction.atomic():
        known = Check.objects.current().filter(facts_hash=kernel.facts_hash)
        unchecked = BpfObject.objects.filter(problem="").exclude(pk__in=known.values("object"))
        found = unchecked.where(reader, Action.SUBMIT)
        return sum(1 for obj in found[:_AT_ONCE] if ensure_job(obj))


def list_rows(kernel: Kernel, base_hash: str, reader: Reader, page: IdPage) -> list[Row]:
    """Return the objects of a page with their verdicts, and what a variant changes for them."""
    if not page.ids:
        return []
    seen = BpfObject.objects.visible_to(reader).filter(pk__in=page.ids)
    objects = list(seen.filter(problem=""))
    known = _load_verdicts(objects, {kernel.facts_hash, base_hash})
    return [_build_row(obj, known, kernel, base_hash) for obj in objects]


def _load_verdicts(objects: Sequence[BpfObject], hashes: Set[str]) -> Known:
    """Return the verdicts of each object on each kernel that it was checked on."""
    checks = Check.objects.current().filter(object__in=objects, facts_hash__in=hashes)
    known: Known = {}
    rows = checks.order_by("verdicts__pk").values_list(
        "object", "facts_hash", "verdicts__program", "verdicts__verdict"
    )
    for object_id, facts_hash, program, verdict in rows:
        verdicts = known.setdefault((object_id, facts_hash), {})
        if program is not None:  # one that could not be checked has none
            verdicts[program] = verdict
    return known


def _build_row(obj: BpfObject, known: Known, kernel: Kernel, base_hash: str) -> Row:
    here = known.get((obj.pk, kernel.facts_hash), {})
    before = known.get((obj.pk, base_hash), {})
    numbers = Counter(here.values())
    return Row(
        obj,
        tuple(Count(word, numbers[word]) for word in WORST_FIRST if numbers[word]),
        tuple(
            Changed(program, Count(before[program], 1), Count(word, 1))
            for program, word in here.items()
            if before.get(program, word) != word
        ),
    )
