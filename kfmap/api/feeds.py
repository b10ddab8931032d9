"""Atom feeds: what each kernel changed, what happened to a kfunc, what became of an object.

An entry has the same id as long as it says the same: readers see it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from rest_framework.response import Response

from kfmap.api.events import may_look
from kfmap.catalogue.kernel_names import find_by_any_name, find_line
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.report_data import load_kernel_changes, load_kernel_data
from kfmap.catalogue.store import load_row
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.permission.outcome_words import LETTERS, TITLES
from kfmap.reports.comparison_report import KernelChanges, lead_of
from kfmap.reports.kernel_data import KernelData
from kfmap.safe_text.printable import printable
from verifier.records.models import BpfObject, Check
from verifier.records.outcome import load_outcomes, worst_by_kernel

_MOST = 3  # steps between kernels in the feed of all: each costs some seconds the first time
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `key` is what its id is made of."""

    title: str
    text: str
    link: str
    when: datetime
    key: str


if TYPE_CHECKING:
    EntryFeed = Feed[Entry, Any]
else:
    EntryFeed = Feed


class _AtomFeed(EntryFeed):
    feed_type = Atom1Feed
    author_name = "kfmap"

    def item_title(self, item: Entry) -> str:
        return printable(item.title)

    def item_description(self, item: Entry) -> str:
        """Return the text as HTML, which summaries of this framework are said to be."""
        return escape(printable(item.text))

    def item_link(self, item: Entry) -> str:
        return item.link

    def item_guid(self, item: Entry) -> str:
        return f"urn:kfmap:{item.key}"

    def item_pubdate(self, item: Entry) -> datetime:
        return item.when

    def item_updateddate(self, item: Entry) -> datetime:
        return item.when


Step = tuple[Kernel, Kernel]


def _steps() -> list[Step]:
    """Return the neighbours in the line of released kernels, the newest pair first."""
    return list(reversed(list(pairwise(find_line(list(Kernel.objects.listed()))))))


def _changes_entry(step: Step) -> Entry:
    old, new = step
    changes = load_kernel_changes(load_row(old), load_row(new))
    return Entry(
        f"What {new.name} changed",
        " ".join((*lead_of(changes), *_name_changes(changes))),
        reverse("changes", args=[old.name, new.name]),
        max(old.updated_at, new.updated_at),
        f"changes:{ENGINE_VERSION}:{old.facts_hash[:16]}:{new.facts_hash[:16]}",
    )


def _name_changes(changes: KernelChanges) -> Iterator[str]:
    renamed = [f"{was} → {name}" for was, name in changes.renamed]
    for word, names in (
        ("Added", changes.added),
        ("Removed", changes.removed),
        ("Renamed", renamed),
    ):
        if names:
            left = len(names) - _NAMED
            rest = f" and {left} more" if left > 0 else ""
            yield f"{word}: {', '.join(names[:_NAMED])}{rest}."


class KernelsFeed(_AtomFeed):
    """What the newest kernels changed."""

    title = "kfmap: what each kernel changed"
    subtitle = "Kfuncs that came and went, and cells whose outcome changed, release by release."

    def link(self) -> str:
        return reverse("compare")

    def items(self) -> list[Entry]:
        return [_changes_entry(step) for step in _steps()[:_MOST]]


class KernelFeed(_AtomFeed):
    """What one kernel line changed against the one before it."""

    def get_object(self, request: HttpRequest, kernel: str) -> Kernel:
        found = find_by_any_name(list(Kernel.objects.listed()), kernel)
        if found is None:
            raise Http404(f"The map has no kernel “{kernel}”.")
        return found

    def title(self, obj: Kernel) -> str:
        return f"kfmap: kernel {obj.name}"

    def link(self, obj: Kernel) -> str:
        return reverse("kernel", args=[obj.name])

    def items(self, obj: Kernel) -> list[Entry]:
        return [_changes_entry(step) for step in _steps() if step[1].pk == obj.pk]


class KfuncFeed(_AtomFeed):
    """What each kernel changed about one kfunc."""

    def get_object(self, request: HttpRequest, kfunc: str) -> tuple[str, list[Entry]]:
        entries = [entry for step in _steps() if (entry := _kfunc_entry(kfunc, *step))]
        if not entries and not Kernel.objects.filter(kfuncs__name=kfunc).exists():
            raise Http404(f"No kernel of the map has a kfunc “{kfunc}”.")
        return kfunc, entries

    def title(self, obj: tuple[str, list[Entry]]) -> str:
        return printable(f"kfmap: {obj[0]}")

    def link(self, obj: tuple[str, list[Entry]]) -> str:
        return reverse("any-kfunc", args=[obj[0]])

    def items(self, obj: tuple[str, list[Entry]]) -> list[Entry]:
        return obj[1]


def _kfunc_entry(kfunc: str, old: Kernel, new: Kernel) -> Entry | None:
    before, after = (load_kernel_data(load_row(kernel)) for kernel in (old, new))
    told = list(_kfunc_changes(kfunc, before, after))
    if not told:
        return None
    return Entry(
        f"{kfunc} on {new.name}",
        " ".join(told),
        reverse("any-kfunc", args=[kfunc]),
        max(old.updated_at, new.updated_at),
        f"kfunc:{ENGINE_VERSION}:{kfunc}:{old.facts_hash[:16]}:{new.facts_hash[:16]}",
    )


def _kfunc_changes(kfunc: str, old: KernelData, new: KernelData) -> Iterator[str]:
    was, now = old.rows.get(kfunc), new.rows.get(kfunc)
    if was is None or now is None:
        if was != now:
            yield f"{new.name} has it anew." if was is None else f"{new.name} has it no more."
        return
    before = dict(zip(old.contexts, was, strict=True))
    flips: dict[tuple[str, str], list[str]] = {}
    for context, letter in zip(new.contexts, now, strict=True):
        if before.get(context, letter) != letter:
            flips.setdefault((before[context], letter), []).append(context)
    for (first, second), contexts in flips.items():
        left = len(contexts) - _NAMED
        rest = f" and {left} more" if left > 0 else ""
        yield (
            f"From “{TITLES[LETTERS[first]]}” to “{TITLES[LETTERS[second]]}”: "
            f"{', '.join(contexts[:_NAMED])}{rest}."
        )


class _ObjectFeed(_AtomFeed):
    def get_object(self, request: HttpRequest, pk: int) -> BpfObject:
        return BpfObject.objects.visible_to(request.user).get(pk=pk)

    def title(self, obj: BpfObject) -> str:
        return printable(f"kfmap: {obj.file_name}")

    def link(self, obj: BpfObject) -> str:
        return obj.get_absolute_url()

    def items(self, obj: BpfObject) -> list[Entry]:
        return list(_object_entries(obj, list(Kernel.objects.listed())))


def _object_entries(obj: BpfObject, kernels: Sequence[Kernel]) -> Iterator[Entry]:
    """Return an entry per kernel that the object was checked on, the latest check first."""
    verdicts = worst_by_kernel(load_outcomes([obj]).get(obj.pk, []))
    checks = {check.facts_hash: check for check in Check.objects.current().filter(object=obj)}
    found = [(checks[row.facts_hash], row) for row in kernels if row.facts_hash in checks]
    for check, kernel in sorted(found, key=lambda pair: pair[0].created_at, reverse=True):
        word = (verdicts.get(kernel.name) or "could not be checked").replace("_", " ")
        yield Entry(
            f"{obj.file_name} on {kernel.name}: {word}",
            check.problem or f"The program that fares worst on {kernel.name}: {word}.",
            obj.get_absolute_url(),
            check.created_at,
            f"check:{obj.sha256[:16]}:{check.facts_hash[:16]}:{check.engine_version}:"
            f"{check.loader_key[:16]}:{word.replace(' ', '-')}",
        )


def object_feed(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """Answer those who may see the object; feed readers send a name with its password."""
    allowed: Response = may_look(request, sha256=sha256)
    if allowed.status_code != 200:
        return allowed
    return _ObjectFeed()(request, pk=allowed.data["pk"])
