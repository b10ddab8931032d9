"""Put a kernel that was read into the map, under the name it was given or the next that is free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from kfmap.adding.models import Provenance
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import Saved, save_kernel
from kfmap.given.read import ReadKernel
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import hash_facts

_MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a kernel is to be saved. Without `name` it gets one from its version."""

    name: str = ""
    replace: bool = False
    user: User | None = None


@transaction.atomic
def save_read(read: ReadKernel, wanted: Wanted) -> Saved:
    """Put a kernel into the map. Raises KernelExistsError, ValidationError, DataError."""
    facts = _name(read.facts, wanted)
    facts = _keep_label(facts)
    saved = save_kernel(
        facts,
        read.types,
        config=read.config,
        functions=read.functions,
        replace=wanted.replace,
    )
    if saved.kernel.source == Kernel.Source.IMPORTED:
        _keep_provenance(saved.kernel, read, wanted.user)
    return saved


def _name(facts: KernelFacts, wanted: Wanted) -> KernelFacts:
    """Return facts under the name that is wanted, or the first of their own that is free.

    A name that has the same facts already is as good as a free one; so is, where a kernel is to
    be replaced, one that was imported.
    """
    if wanted.name:
        return facts
    present = {
        name: (facts_hash, source)
        for name, facts_hash, source in Kernel.objects.values_list("name", "facts_hash", "source")
    }
    for name in _names_for(facts):
        named = _keep_label(replace(facts, name=name))
        facts_hash, source = present.get(name, ("", ""))
        is_free = not facts_hash or facts_hash == hash_facts(named)
        if is_free or (wanted.replace and source == Kernel.Source.IMPORTED):
            return named
    return facts


def _names_for(facts: KernelFacts) -> Iterator[str]:
    """Return names from a version: the series, the release, then the release with a number."""
    yield facts.name
    if facts.version != facts.name:
        yield facts.version
    for number in range(2, _MOST_TRIES):
        yield f"{facts.version}-{number}"


def _keep_label(facts: KernelFacts) -> KernelFacts:
    """Return facts without a label that of the kernel of their name, which they may be again."""
    if facts.origin.label:
        return facts
    labels = Kernel.objects.listed().filter(name=facts.name, source=Kernel.Source.IMPORTED)
    label = labels.values_list("label", flat=True).first() or ""
    return replace(facts, origin=replace(facts.origin, label=label))


def _keep_provenance(kernel: Kernel, read: ReadKernel, user: User | None) -> None:
    commit = read.source.commit
    Provenance.objects.update_or_create(
        kernel=kernel,
        defaults={
            "source": read.source.what[:500],
            "commit": commit.hash if commit else "",
            "description": commit.description[:200] if commit else "",
            "dirty": bool(commit and commit.dirty),
            "remarks": list(read.remarks),
            "doubts": list(read.doubts),
            "added_by": user,
        },
    )
