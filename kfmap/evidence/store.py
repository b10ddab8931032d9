"""Take evidence in, find its kernel, and compare it with what the map says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from kfmap.catalogue.agreement import load_builds
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.packing import pack, unpack
from kfmap.catalogue.store import KernelExistsError, LoadedKernel, load_row, save_kernel
from kfmap.evidence.models import Evidence
from kfmap.probe.agreement import Comparison, compare_evidence
from kfmap.probe.evidence import Evidence as Document
from kfmap.probe.evidence import EvidenceError, read_evidence
from kfmap.probe.observed_kernel import build_observed
from kfmap.probe.same_kernel import find_same

MOST_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """Evidence with its document, and how it goes together with the map now."""

    row: Evidence
    document: Document
    kernel: LoadedKernel | None
    comparison: Comparison | None


def keep_evidence(data: bytes, user: User | None) -> Kept:
    """Keep a document of the probe, once; its kernel's pages then say what it confirms.

    Raises EvidenceError for what is no evidence, and where too much is kept already.
    """
    document = read_evidence(data)
    sha256 = hashlib.sha256(data).hexdigest()
    kernel = _find_kernel(document)
    comparison = compare_evidence(kernel.facts, document) if kernel else None
    with transaction.atomic():
        row = Evidence.objects.filter(sha256=sha256).first()
        if row is None:
            if Evidence.objects.count() >= MOST_KEPT:
                raise EvidenceError(
                    f"{MOST_KEPT:,} documents are kept already: an administrator has to remove some"
                )
            row = Evidence(sha256=sha256, given_by=user, cells=document.cells)
        row.release, row.build, row.data = document.release, document.build, pack(data)
        row.kernel = kernel.name if kernel else ""
        if comparison is not None:
            row.compared, row.equal = comparison.compared, comparison.equal
            row.undetermined = comparison.undetermined
        row.save()
        # Pages are answered anew when the row of a kernel has changed.
        Kernel.objects.filter(name=row.kernel).update(updated_at=Now())
    return Kept(row, document, kernel, comparison)


def add_kernel(kept: Kept) -> Kernel:
    """Put a kernel into the map whose verdicts are the evidence, and whose rules are not known.

    Raises EvidenceError where the map has another of its name, where the release cannot be a name,
    and where no kernel of the map could tell the values of enumerators.
    """
    release = kept.document.release
    like = next(iter(reversed(_with_rules())), None)
    if like is None:
        raise EvidenceError("The map has no kernel yet whose enumerators could be used")
    label = f"{release}, as it answered itself"
    facts = build_observed(kept.document, release[:63], label, like.facts)
    try:
        return save_kernel(facts, None, source=Kernel.Source.IMPORTED).kernel
    except KernelExistsError as error:
        raise EvidenceError(
            f"The map has a kernel {facts.name} already, with other facts: remove that one first"
        ) from error
    except ValidationError as error:
        raise EvidenceError(f"{facts.name} cannot be the name of a kernel of the map") from error


def load_evidence(row: Evidence) -> Kept:
    """Return kept evidence, compared with the map as it is now."""
    document = read_evidence(unpack(row.data))
    kernel = _find_kernel(document)
    comparison = compare_evidence(kernel.facts, document) if kernel else None
    return Kept(row, document, kernel, comparison)


def _find_kernel(document: Document) -> LoadedKernel | None:
    """Return the kernel of the map that answered, None for none that has rules."""
    bundled = Kernel.objects.filter(source=Kernel.Source.BUNDLED)
    names = set(bundled.values_list("name", flat=True))
    builds = {build: name for build, name in load_builds().items() if name in names}
    return find_same(_with_rules(), document, builds)


def _with_rules() -> Sequence[LoadedKernel]:
    return [load_row(row) for row in Kernel.objects.listed() if row.has_rules]
