"""Which cells of the map a booted kernel has confirmed: its bundled evidence, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kfmap.catalogue.agreement import load_agreements
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.packing import unpack
from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel
from kfmap.evidence.models import Evidence
from kfmap.permission.bits import LETTERS, UNKNOWN_LETTER
from kfmap.permission.context import Context
from kfmap.permission.observed import read_observed
from kfmap.probe.evidence import Evidence as Document
from kfmap.probe.evidence import read_evidence

_KEPT = 8  # documents, some megabytes each


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the booted kernel `release` answered for a cell, and on which day (ISO 8601).

    `agrees`: the map says the same.
    """

    word: str
    release: str
    asked: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """The letters of a document by context, and the places of kfuncs in them."""

    release: str
    day: str
    places: Mapping[str, int]
    letters: Mapping[Context, str]

    def letter(self, context: Context, kfunc: str) -> str:
        place = self.places.get(kfunc)
        letters = self.letters.get(replace(context, sleepable=False), "")
        return UNKNOWN_LETTER if place is None or not letters else letters[place]


_read_lately: Recent[tuple[str, str], _Asked] = Recent(_KEPT)


def find_confirmation(
    kernel: LoadedKernel, row: Kernel, context: Context, kfunc: str
) -> Confirmation | None:
    """Return what the kernel itself answered for a cell, None where nobody asked or it did not
    come to decide."""
    ours = _our_letter(kernel, context, kfunc)
    for asked in (_latest_kept(row), _bundled(row)):
        letter = asked.letter(context, kfunc) if asked else UNKNOWN_LETTER
        if asked and letter != UNKNOWN_LETTER:
            return Confirmation(LETTERS[letter], asked.release, asked.day, letter == ours)
    return None


def _our_letter(kernel: LoadedKernel, context: Context, kfunc: str) -> str:
    decider = kernel.decider
    if kfunc not in decider.kfuncs:
        return "D"
    place = list(decider.kfuncs).index(kfunc)
    return decider.bits(replace(context, sleepable=False)).letter(place)


def _latest_kept(row: Kernel) -> _Asked | None:
    kept = Evidence.objects.filter(kernel=row.name).defer("data").first()
    if kept is None:
        return None
    key = ("kept", kept.sha256)
    known = _read_lately.get(key)
    if known is None:
        document = read_evidence(unpack(Evidence.objects.values_list("data").get(pk=kept.pk)[0]))
        known = _index(document, kept.created_at.date().isoformat())
        _read_lately.put(key, known)
    return known


def _bundled(row: Kernel) -> _Asked | None:
    """Return what came with kfmap, where the row still has the facts that came with it."""
    agreement = load_agreements().get(row.name)
    if row.source != Kernel.Source.BUNDLED or agreement is None:
        return None
    key = ("bundled", row.name)
    known = _read_lately.get(key)
    if known is None:
        bundled = next((item for item in find_bundled() if item.name == row.name), None)
        data = bundled.read_evidence() if bundled else None
        if data is None:
            return None
        known = _index(read_evidence(data), agreement.asked)
        _read_lately.put(key, known)
    return known


def _index(document: Document, day: str) -> _Asked:
    return _Asked(
        document.release,
        day,
        {name: place for place, name in enumerate(document.kfuncs)},
        {
            replace(read_observed(answers.context), sleepable=False): answers.context.verdicts
            for answers in document.answers
        },
    )
